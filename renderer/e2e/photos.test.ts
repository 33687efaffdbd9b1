// Photos in bulk in a real browser: a folder classified and sorted after its plan, past answers searched, unsure photos
// labelled with the keyboard, a folder watched.
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { describeInBrowser, withBrowser } from './test-steps.ts';

const slow = 180_000;
/** Three of each of four classes. */
const photoCount = 12;

describeInBrowser('photos in bulk', () => {
  const { server, browser, photos } = withBrowser({
    photos: { train: 6, val: photoCount / 4 },
    before: ({ server, photos }) => {
      server.cli('dataset', 'add', '--name', 'things', '--train', photos.train, '--val', photos.val);
      const net = ['--set', 'net.widthFactor=0.05', '--set', 'net.inputSize=64', '--batch', '8'];
      server.cli('train', '--dataset', 'things', ...net, '--epochs', '1', '--seed', '1', '--name', 'alpha');
    },
  });

  /** In both themes nothing bars anybody, and the smallest window holds it. */
  async function look(name: string): Promise<void> {
    for (const theme of ['light', 'dark'] as const) {
      await browser.theme(theme);
      await browser.picture(`${name}-${theme}`);
      expect(await browser.barriers(), `${name}, ${theme}`).toEqual([]);
    }
    await browser.page.setViewportSize({ width: 1024, height: 640 });
    await browser.picture(`${name}-small`);
    expect(await browser.overflows()).toBe(false);
    await browser.page.setViewportSize({ width: 1440, height: 900 });
  }

  const field = (label: string) => browser.page.getByLabel(label, { exact: true });
  const button = (name: string | RegExp) =>
    browser.page.getByRole('button', { name, exact: typeof name === 'string' });
  const said = async (text: string) =>
    await browser.page.getByRole('status').filter({ hasText: text }).first().waitFor();

  it(
    'sorts a folder as its plan said',
    async () => {
      const { page } = browser;
      const target = join(server.folder, 'sorted');
      await browser.go('/classify');
      await page.getByRole('tab', { name: 'Sort' }).click();
      await page.getByText('Another folder', { exact: true }).click();
      await field('Folder').fill(photos.val);
      await field('Model').selectOption({ index: 1 });
      await button('Classify it first').click();
      await field('Target folder').fill(target);
      await field('Least probability').fill('0');
      await button('Show the plan').click();
      const apply = button(`Copy ${photoCount} photos`);
      await apply.waitFor();
      expect(existsSync(target)).toBe(false);
      await look('sort');
      await apply.click();
      await page.getByRole('heading', { name: 'Sorted' }).waitFor();
      const list = readdirSync(target).find((name) => name.endsWith('.jsonl')) ?? '';
      await page.getByText(join(target, list)).waitFor();
      expect(readFileSync(join(target, list), 'utf8').trim().split('\n')).toHaveLength(photoCount);
      const copied = readdirSync(target, { recursive: true, withFileTypes: true });
      expect(copied.filter((one) => one.isFile() && one.name !== list)).toHaveLength(photoCount);
      await look('sorted');
      // One of the copies is changed: it stays, and its reason is told.
      const [copy] = copied.filter((one) => one.isFile() && one.name !== list);
      appendFileSync(join(copy?.parentPath ?? '', copy?.name ?? ''), 'more');
      await button('Undo').click();
      await page.getByRole('dialog').getByRole('button', { name: 'Put them back' }).click();
      await page.getByText('1 photo not put back: the copy or the original has changed since').waitFor();
      await look('partly-put-back');
      rmSync(join(copy?.parentPath ?? '', copy?.name ?? ''));
      await button('Undo').click();
      await page.getByRole('dialog').getByRole('button', { name: 'Put them back' }).click();
      await page.getByRole('heading', { name: 'Put back' }).waitFor();
      expect(
        readdirSync(target, { recursive: true }).filter((name) => /\.jpe?g$/i.test(String(name))),
      ).toEqual([]);
      await look('put-back');
    },
    slow,
  );

  it(
    'finds past photos by their answers',
    async () => {
      const { page } = browser;
      await page.getByRole('tab', { name: 'Search' }).click();
      await said(`${photoCount} photos`);
      const names = (await field('Class').locator('option').allInnerTexts()).slice(1);
      let found = 0;
      for (const name of names) {
        await field('Class').selectOption(name);
        const options = page.getByRole('option', { name: new RegExp(` ${name}$`) });
        await options.first().waitFor();
        // Photos of the class before it are gone when there are only those that fit.
        await expect
          .poll(
            async () =>
              (await page.getByRole('listbox').getByRole('option').count()) - (await options.count()),
          )
          .toBe(0);
        found += await options.count();
      }
      expect(found).toBe(photoCount);
      await look('search');
      await page.getByRole('listbox').getByRole('option').first().click();
      const dialog = page.getByRole('dialog');
      await dialog.getByText(photos.val).waitFor();
      expect(
        await dialog.locator('img').evaluate((image) => Reflect.get(image, 'naturalWidth') as number),
      ).toBe(256);
      expect(await browser.barriers()).toEqual([]);
      await page.keyboard.press('Escape');
      await field('To').fill('2012-12-31');
      await page.getByText('No photo fits').waitFor();
      await button('Show everything').first().click();
      await said(`${photoCount} photos`);
    },
    slow,
  );

  it(
    'labels with the keyboard',
    async () => {
      const { page } = browser;
      await page.getByRole('tab', { name: 'Label' }).click();
      const photo = page.locator('figure img');
      await photo.waitFor();
      const first = await photo.getAttribute('alt');
      // Going to the settings skips no photo.
      await page.keyboard.press('g');
      await page.keyboard.press('s');
      await page.getByRole('heading', { name: 'Settings', level: 1 }).waitFor();
      await browser.go('/classify?tab=label');
      await photo.waitFor();
      expect(await photo.getAttribute('alt')).toBe(first);
      await page.keyboard.press('1');
      await said('1 labelled, 0 skipped');
      await page.keyboard.press('2');
      await said('2 labelled, 0 skipped');
      await page.keyboard.press('s');
      await said('2 labelled, 1 skipped');
      await page.keyboard.press('u');
      await page.keyboard.press('Backspace');
      await page.keyboard.press('u');
      await said('0 labelled, 0 skipped');
      await expect.poll(() => photo.getAttribute('alt')).toBe(first);
      await page.keyboard.press('1');
      await field('Another class').fill('strange thing');
      await page.keyboard.press('Enter');
      await said('2 labelled, 0 skipped');
      await look('label');
      await button('Make a data set').click();
      const dialog = page.getByRole('dialog');
      await dialog.getByText('2 labelled photos of 2 classes').waitFor();
      await dialog.getByRole('cell', { name: 'strange thing' }).waitFor();
      await browser.picture('labels-dataset');
      expect(await browser.barriers()).toEqual([]);
      await page.keyboard.press('Escape');
    },
    slow,
  );

  it(
    'watches a folder until it is removed',
    async () => {
      const { page } = browser;
      const folder = join(server.folder, 'arriving');
      const [photo = ''] = photos.some;
      mkdirSync(folder);
      await browser.go('/classify?tab=watch');
      await page.getByText('No folder is watched').waitFor();
      await field('Folder to watch').fill('arriving');
      await field('Model').selectOption({ index: 1 });
      await button('Watch it').click();
      await page.getByRole('alert').filter({ hasText: 'Not watched' }).waitFor();
      await field('Folder to watch').fill(folder);
      await button('Watch it').click();
      const row = page.getByRole('row', { name: /arriving/ });
      await row.getByText('watching').waitFor();
      copyFileSync(photo, join(folder, basename(photo)));
      await row.getByText(basename(photo)).waitFor();
      await look('watch');
      await row.getByRole('button', { name: /^Pause/ }).click();
      await row.getByText('off', { exact: true }).waitFor();
      await row.getByRole('button', { name: /^Remove/ }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
      await page.getByText('No folder is watched').waitFor();
      expect(existsSync(join(folder, basename(photo)))).toBe(true);
      expect(browser.complaints).toEqual([]);
    },
    slow,
  );
});
