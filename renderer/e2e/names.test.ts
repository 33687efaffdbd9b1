// Names as people and machines give them: as long as they may be, written from right to left, of symbols, and looking
// like markup. Every screen shows them as what they are, none is wider than its window, and nothing is read as HTML.
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeAll, expect, it } from 'vitest';
import { describeInBrowser, withBrowser } from './test-steps.ts';

const slow = 240_000;
const full = (text: string, length: number) =>
  text
    .repeat(Math.ceil(length / text.length))
    .slice(0, length)
    .trim();

const markup = '<img src=x onerror="document.title=1"><b>&amp;';
const names = {
  dataset: full(`${markup}data`, 200),
  // Without a place to break a line.
  run: full('مجموعةצילומים', 200),
  second: full('W', 200),
  model: full('👩‍👩‍👧‍👦🏳️‍🌈', 198),
  settings: full(`${markup}settings `, 80),
};
/** As folders: 255 bytes at most, and no slash. */
const classes = [
  full('<script>document.title=1;x<b>', 200),
  full('كلب ', 100),
  full('猫👍🏽', 40),
  full('Wide', 200),
];

describeInBrowser('names', () => {
  const ids = { dataset: '', run: '', second: '', evaluations: ['', ''], sweep: '' };
  const { browser } = withBrowser({
    photos: { train: 8, val: 3 },
    before: ({ server, photos }) => {
      const named = join(server.folder, full('folder ', 120));
      for (const split of ['train', 'val'] as const) {
        readdirSync(photos[split])
          .sort()
          .forEach((from, i) => {
            const to = join(named, split, classes[i] ?? '');
            mkdirSync(to, { recursive: true });
            readdirSync(join(photos[split], from)).forEach((file, n) => {
              const name = file.endsWith('broken.jpg') ? file : `${full('<b>photo ', 150)}${n}.jpg`;
              copyFileSync(join(photos[split], from, file), join(to, name));
            });
          });
      }
      server.cli(
        ...['dataset', 'add', '--name', names.dataset],
        ...['--train', join(named, 'train'), '--val', join(named, 'val')],
      );
      const small = ['--epochs', '1', '--batch', '16', '--set', 'net.widthFactor=0.0625'];
      for (const name of [names.run, names.second])
        server.cli('train', '--dataset', names.dataset, '--name', name, ...small);
      const db = new DatabaseSync(join(server.dataDirectory, 'studio.sqlite'));
      const idOf = (table: string, name: string) =>
        String(db.prepare(`SELECT id FROM ${table} WHERE name = ?`).get(name)?.id);
      ids.dataset = idOf('datasets', names.dataset);
      ids.run = idOf('runs', names.run);
      ids.second = idOf('runs', names.second);
      const tags = JSON.stringify([full(markup, 40), full('تسمية', 40), full('W', 40)]);
      db.prepare('UPDATE runs SET tags = ?, notes = ?').run(tags, full(`${markup}\n`, 2000));
      const exported = join(server.folder, 'exported.safetensors');
      server.cli('model', 'export', ids.run, '--format', 'safetensors', '--out', exported);
      server.cli('model', 'import', exported, '--name', names.model);
      for (const id of [ids.run, ids.second]) server.cli('evaluate', id, '--dataset', names.dataset);
      server.cli(
        'classify',
        join(named, 'val'),
        '--model',
        names.model,
        '--out',
        join(server.folder, 'a.csv'),
      );
      const listed = (table: string) => db.prepare(`SELECT id FROM ${table}`).all();
      ids.evaluations = listed('evaluations').map(({ id }) => String(id));
      ids.sweep = String(listed('sweeps')[0]?.id);
      db.close();
    },
  });

  beforeAll(async () => {
    // Settings of the augmentation, by their screen.
    await browser.go('/augmentation');
    await browser.page.getByLabel('Name of the settings').fill(names.settings);
    await browser.page.getByRole('button', { name: 'Keep', exact: true }).click();
    await browser.page.getByText(/kept$/).waitFor();
  }, slow);

  /** A screen and each of its tabs. */
  function places(): string[] {
    const { dataset, run, second, evaluations, sweep } = ids;
    const [a = '', b = ''] = evaluations;
    return [
      ...['/', '/datasets', '/augmentation', '/new-run', '/runs', '/evaluations', '/classify', '/models'],
      ...['/settings', '/inside', '/ledger', `/datasets/${dataset}`, `/runs/${run}`, `/evaluations/${a}`],
      `/runs/compare?ids=${run},${second}`,
      `/evaluations/compare?a=${a}&b=${b}`,
      `/classify/folder/${sweep}`,
    ];
  }

  /** Text that is cut off without a sign of it, reaching out of what hides the rest; and screens that scroll sideways. */
  const misfits = `(() => {
    const found = new Set();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let text = walker.nextNode(); text; text = walker.nextNode()) {
      if (text.data.trim() === '') continue;
      const range = document.createRange();
      range.selectNodeContents(text);
      const { left, right, width } = range.getBoundingClientRect();
      if (width === 0) continue;
      for (let box = text.parentElement; box; box = box.parentElement) {
        const style = getComputedStyle(box);
        if (style.clipPath !== 'none' || style.textOverflow === 'ellipsis') break;
        if (box instanceof SVGElement || box.tagName === 'OPTION' || box.tagName === 'SELECT') break;
        if (/auto|scroll/.test(style.overflowX)) break;
        const at = box.getBoundingClientRect();
        if (style.overflowX !== 'visible' || box === document.documentElement) {
          if (right > at.right + 2 || left < at.left - 2)
            found.add(box.className + ' < ' + text.parentElement.className + ': ' + text.data.trim().slice(0, 30));
          break;
        }
      }
    }
    // Tables of their own, and what says that it is, may be wider than their place; a screen may not.
    for (const box of document.querySelectorAll('main *')) {
      const { overflowX } = getComputedStyle(box);
      if (!/auto|scroll/.test(overflowX) || box.scrollWidth <= box.clientWidth + 1) continue;
      if (!box.matches('[role=grid], .sideways, .scroll, pre, textarea')) found.add('scrolls: ' + box.className);
    }
    return [...found];
  })()`;

  async function look(place: string, name: string, found: string[]): Promise<void> {
    const { page } = browser;
    await browser.settled();
    await browser.picture(name);
    const note = (what: string) => found.push(`${place} (${name}): ${what}`);
    if (await browser.overflows()) note('wider than the window');
    for (const one of (await page.evaluate(misfits)) as string[]) note(`does not fit: ${one}`);
    const read = await page.evaluate(
      `document.querySelectorAll('img[src="x"], main script, [onerror]').length + (document.title === '1' ? 1 : 0)`,
    );
    if (read !== 0) note('a name was read as markup');
    if (!(await page.getByRole('heading', { level: 1 }).isVisible())) note('no title');
  }

  for (const size of [
    { width: 1024, height: 640 },
    { width: 1440, height: 900 },
  ]) {
    it(`fit every screen and its tabs, ${size.width} pixels wide`, { timeout: slow }, async () => {
      const { page } = browser;
      await page.setViewportSize(size);
      await browser.theme(size.width === 1024 ? 'light' : 'dark');
      const found: string[] = [];
      for (const place of places()) {
        await browser.go(place);
        await page.getByRole('heading', { level: 1 }).waitFor();
        const name = `names-${size.width}${place.replace(/[?].*|[0-9a-z]{16,}/g, '').replaceAll('/', '-')}`;
        await look(place, name, found);
        const tabs = page.getByRole('main').getByRole('tab');
        for (let i = 1; i < (await tabs.count()); i++) {
          await tabs.nth(i).click();
          await look(place, `${name}-${i}`, found);
        }
      }
      expect(found).toEqual([]);
    });
  }

  it('are found and opened', { timeout: slow }, async () => {
    const { page } = browser;
    await browser.go('/runs');
    const table = page.getByRole('grid', { name: 'Runs' });
    await table.getByText(names.run, { exact: true }).click();
    await page.getByRole('heading', { level: 1, name: names.run }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: /Screen, run/ }).fill('WWWW');
    await browser.picture('names-palette');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: names.second }).waitFor();
  });

  it('never complained: nothing was loaded or run that a name asked for', () => {
    expect(browser.complaints).toEqual([]);
  });
});
