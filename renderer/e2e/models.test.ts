// Models of other programs in a real browser: a file is recognised, corrected, imported and checked on photos, goes out
// again as ONNX and PyTorch, and begins a run with its first layer frozen.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeInBrowser, stepByStep, withBrowser } from './test-steps.ts';

const slow = 180_000;
const themes = ['dark', 'light'] as const;

/** torchvision's alexnet with an eighth of its maps, for four classes. */
const shapes: Record<string, number[]> = {
  'features.0': [8, 3, 11, 11],
  'features.3': [24, 8, 5, 5],
  'features.6': [48, 24, 3, 3],
  'features.8': [32, 48, 3, 3],
  'features.10': [32, 32, 3, 3],
  'classifier.1': [64, 32 * 6 * 6],
  'classifier.4': [64, 64],
  'classifier.6': [4, 64],
};
const product = (extents: readonly number[]) => extents.reduce((a, b) => a * b, 1);

/** A file of such weights that keep the signal's size. */
function writeWeights(file: string): void {
  const header: Record<string, unknown> = {};
  const parts: Buffer[] = [];
  let end = 0;
  const add = (name: string, shape: number[], size: number) => {
    const values = Float32Array.from({ length: product(shape) }, (_, i) => Math.sin(i * 12.9898) * size);
    header[name] = { dtype: 'F32', shape, data_offsets: [end, end + values.byteLength] };
    end += values.byteLength;
    parts.push(Buffer.from(values.buffer));
  };
  for (const [name, shape] of Object.entries(shapes)) {
    add(`${name}.weight`, shape, 2 / Math.sqrt(product(shape.slice(1))));
    add(`${name}.bias`, shape.slice(0, 1), 0.01);
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  writeFileSync(file, Buffer.concat([length, json, ...parts]));
}

describeInBrowser('models of other programs', () => {
  const { server, browser } = withBrowser({
    photos: { train: 6, val: 4 },
    before: ({ server, photos }) =>
      server.cli('dataset', 'add', '--name', 'four', '--train', photos.train, '--val', photos.val),
  });

  stepByStep();

  const button = (name: string) => browser.page.getByRole('button', { name, exact: true });

  it('are recognised, corrected, imported and checked', { timeout: slow }, async () => {
    const { page } = browser;
    const weights = join(server.folder, 'theirs.safetensors');
    writeWeights(weights);
    const names = join(server.folder, 'names.txt');
    writeFileSync(names, 'tench\nchurch\npump\nhorn\n');
    const dialog = page.getByRole('dialog');
    for (const theme of themes) {
      await browser.go('/models');
      await browser.theme(theme);
      await button('Import').first().click();
      await dialog.getByLabel('File', { exact: true }).fill(weights);
      await dialog.getByText(/all 16 tensors fit/).waitFor();
      await browser.picture(`import-recognised-${theme}`);
      expect(await browser.barriers()).toEqual([]);
      if (theme === 'dark') await page.keyboard.press('Escape');
    }
    await dialog.getByText('Correct what was recognised').click();
    // In these widths the tensors fit several forms of the net.
    await dialog.getByLabel('Form of the net').selectOption('owt-2014');
    await dialog.getByText(/owt-2014, one column/).waitFor();
    await dialog.getByText(/0\.485, 0\.456, 0\.406/).waitFor();
    await dialog.getByLabel('Mean R, G, B').fill('0.5, 0.5');
    await dialog.getByRole('alert').waitFor();
    expect(await button('Import').last().isDisabled()).toBe(true);
    await dialog.getByLabel('Mean R, G, B').fill('0.5, 0.4, 0.3');
    await dialog.getByLabel('Class names').fill(names);
    await dialog.getByText(/− 0\.5, 0\.4, 0\.3/).waitFor();
    await dialog.getByText(/tench, church, pump, horn/).waitFor();
    await dialog.getByLabel('Name', { exact: true }).fill('theirs');
    await dialog.getByLabel('Check it afterwards on').selectOption({ label: 'four (4 classes)' });
    await browser.picture('import-corrected');
    expect(await browser.barriers()).toEqual([]);
    await dialog.getByRole('button', { name: 'Import', exact: true }).click();
    const row = page.getByRole('row', { name: /theirs/ });
    // What was measured on the data set.
    await row.getByText(/\d\s?%/).waitFor({ timeout: 60_000 });
    for (const theme of themes) {
      await browser.theme(theme);
      await browser.picture(`models-${theme}`);
      expect(await browser.barriers()).toEqual([]);
    }
  });

  it('go out again as files of other formats', { timeout: slow }, async () => {
    const { page } = browser;
    const dialog = page.getByRole('dialog');
    /** How a file of the format begins. */
    const formats = [
      { label: 'ONNX', ending: 'onnx', magic: Buffer.from('\x08\x07\x12\x0eAlexNet Studio', 'latin1') },
      { label: 'PyTorch (.pth)', ending: 'pth', magic: Buffer.from('PK\x03\x04', 'latin1') },
    ];
    for (const [i, { label, ending, magic }] of formats.entries()) {
      const theme = themes[i] ?? 'dark';
      await browser.theme(theme);
      await button('More about theirs').click();
      await page.getByRole('menuitem', { name: 'Export…' }).click();
      await dialog.getByLabel('Format').selectOption({ label });
      await dialog.getByLabel('Folder').fill(server.folder);
      await dialog.getByLabel('Name of the file').fill('out');
      await browser.picture(`export-${theme}`);
      expect(await browser.barriers()).toEqual([]);
      await dialog.getByRole('button', { name: 'Export', exact: true }).click();
      await dialog.waitFor({ state: 'hidden' });
      const begin = () => {
        try {
          return readFileSync(join(server.folder, `out.${ending}`)).subarray(0, magic.length);
        } catch {
          return undefined; // not yet there
        }
      };
      await expect.poll(begin, { timeout: 30_000 }).toEqual(magic);
      expect(readFileSync(join(server.folder, `out.${ending}`)).length).toBeGreaterThan(100_000);
    }
  });

  it('begin a run with a layer frozen', { timeout: slow }, async () => {
    const { page } = browser;
    await button('More about theirs').click();
    await page.getByRole('menuitem', { name: 'Fine-tune…' }).click();
    await page.getByLabel('Freeze conv1').check();
    await page.locator('[data-path="epochs"] input').fill('1');
    await page.locator('[data-path="optimiser.batchSize"] input').fill('8');
    await page.locator('[data-path="optimiser.learningRate"] input').fill('0.0001');
    await page.getByLabel('Name', { exact: true }).fill('tuned');
    for (const theme of themes) {
      await browser.theme(theme);
      await browser.picture(`fine-tuning-${theme}`);
      expect(await browser.barriers()).toEqual([]);
    }
    await button('Start training').click();
    await page.waitForURL(/#\/runs\/[a-z0-9]+$/);
  });
});
