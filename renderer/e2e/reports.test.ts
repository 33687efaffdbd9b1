// Evaluations beyond the basics in a real browser: several models averaged, two evaluations compared image by image, and
// a run's report, saved and opened without a network.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { describeInBrowser, withBrowser } from './test-steps.ts';

const slow = 180_000;

describeInBrowser('reports', () => {
  const { server, browser } = withBrowser({
    photos: { train: 12, val: 6 },
    before: ({ server, photos }) => {
      server.cli('dataset', 'add', '--name', 'things', '--train', photos.train, '--val', photos.val);
      const net = ['--set', 'net.widthFactor=0.05', '--set', 'net.inputSize=64', '--batch', '8'];
      for (const name of ['alpha', 'beta']) {
        const seed = name === 'alpha' ? '1' : '2';
        server.cli('train', '--dataset', 'things', ...net, '--epochs', '2', '--seed', seed, '--name', name);
      }
    },
  });

  const button = (name: string | RegExp) =>
    browser.page.getByRole('button', { name, exact: typeof name === 'string' });

  it(
    'averages two models, and shows each beside their average',
    async () => {
      const { page } = browser;
      await browser.go('/evaluations');
      await button('Evaluate a model').first().click();
      const dialog = page.getByRole('dialog');
      const choose = async (label: string, name: string) => {
        const select = dialog.getByLabel(label, { exact: true });
        const value = await select.locator('option', { hasText: name }).getAttribute('value');
        await select.selectOption(value);
      };
      await choose('Model', 'alpha');
      await dialog.getByRole('button', { name: 'Average with another model' }).click();
      await choose('Model 2', 'beta');
      await browser.picture('evaluate-average');
      expect(await browser.barriers()).toEqual([]);
      await dialog.getByRole('button', { name: 'Evaluate 2 models and their average' }).click();
      const row = page.getByRole('row', { name: /alpha, step \d+ \+ beta, step \d+ on things/ });
      await row.waitFor({ timeout: 90_000 });
      expect(await page.locator('[role=row][aria-rowindex]').count()).toBeGreaterThanOrEqual(3);
      await browser.picture('evaluations');
      await row.dblclick();
      const averaged = page.getByRole('region', { name: 'What was averaged' });
      await averaged.waitFor();
      expect(await averaged.locator('tbody tr').count()).toBe(4);
      for (const theme of ['dark', 'light'] as const) {
        await browser.theme(theme);
        await browser.picture(`averaged-${theme}`);
        expect(await browser.barriers()).toEqual([]);
      }
    },
    slow,
  );

  it(
    'shows an evaluated image as its ten crops',
    async () => {
      const { page } = browser;
      await browser.go('/evaluations');
      await page.getByRole('row', { name: /^alpha on things/ }).dblclick();
      await page.getByRole('tab', { name: 'Hardest images' }).click();
      await page
        .getByRole('button', { name: /^Ten crops of/ })
        .first()
        .click();
      const crops = page.getByRole('list', { name: 'Ten crops' }).getByRole('listitem');
      await crops.nth(9).waitFor({ timeout: 60_000 });
      expect(await crops.count()).toBe(10);
      await browser.picture('ten-crops');
      expect(await browser.barriers()).toEqual([]);
      await page.keyboard.press('Escape');
    },
    slow,
  );

  it(
    'compares two evaluations image by image',
    async () => {
      const { page } = browser;
      await browser.go('/evaluations/compare');
      const options = page.getByLabel('A', { exact: true }).locator('option');
      const value = async (name: RegExp) =>
        await options.filter({ hasText: name }).first().getAttribute('value');
      await options.nth(1).waitFor({ state: 'attached' });
      await page.getByLabel('A', { exact: true }).selectOption(await value(/^\s*alpha on/));
      await page.getByLabel('B', { exact: true }).selectOption(await value(/^\s*beta on/));
      const cells = page.getByRole('group', { name: 'Which images' });
      await cells.waitFor();
      const numbers = await cells.locator('strong').allInnerTexts();
      expect(numbers.reduce((sum, text) => sum + Number(text), 0)).toBe(24);
      for (const [place, name] of ['Both right', 'Only A right', 'Only B right', 'Both wrong'].entries()) {
        await cells.getByRole('button', { name: new RegExp(`^${name}`) }).click();
        const images = Number(numbers[place]);
        if (images === 0) await page.getByText('No image is of this kind.').waitFor();
        else await page.locator('.card img').first().waitFor();
      }
      expect(await page.getByText("McNemar's exact test").count()).toBe(1);
      for (const theme of ['dark', 'light'] as const) {
        await browser.theme(theme);
        await browser.picture(`compared-${theme}`);
        expect(await browser.barriers()).toEqual([]);
      }
      await page.setViewportSize({ width: 1024, height: 640 });
      await browser.picture('compared-small');
      expect(await browser.overflows()).toBe(false);
      await page.setViewportSize({ width: 1440, height: 900 });
      const download = page.waitForEvent('download');
      await button('Every image as CSV').click();
      const path = await (await download).path();
      expect(readFileSync(path, 'utf8').trim().split('\r\n')).toHaveLength(25);
    },
    slow,
  );

  it(
    'saves a report of a run, which opens and prints without a network',
    async () => {
      const { page } = browser;
      await browser.go('/runs');
      await page.getByRole('row', { name: /alpha/ }).dblclick();
      await button('Report').click();
      await page.getByLabel(/small photos/).check();
      await browser.picture('report-dialog');
      expect(await browser.barriers()).toEqual([]);
      const download = page.waitForEvent('download');
      await button('Save the report').click();
      const saved = await download;
      expect(saved.suggestedFilename()).toBe('alpha.html');
      const file = join(server.folder, 'alpha.html');
      await saved.saveAs(file);

      const offline = await page.context().browser()?.newContext({ offline: true, colorScheme: 'dark' });
      if (offline === undefined) throw new Error('there is no browser');
      try {
        const report = await offline.newPage();
        const complaints: string[] = [];
        report.on('console', (message) => complaints.push(message.text()));
        report.on('requestfailed', (request) => complaints.push(request.url()));
        await report.goto(pathToFileURL(file).href);
        expect(await report.locator('h1').innerText()).toBe('alpha');
        expect(await report.locator('figure svg').count()).toBe(3);
        // Every picture in it is whole.
        const widths = await report
          .locator('img')
          .evaluateAll((images) => images.map((image) => Reflect.get(image, 'naturalWidth') as number));
        expect(widths.length).toBeGreaterThan(1);
        expect(Math.min(...widths)).toBeGreaterThan(0);
        expect((await report.pdf({ preferCSSPageSize: true })).subarray(0, 4).toString()).toBe('%PDF');
        expect(complaints).toEqual([]);
      } finally {
        await offline.close();
      }
      expect(browser.complaints).toEqual([]);
    },
    slow,
  );
});
