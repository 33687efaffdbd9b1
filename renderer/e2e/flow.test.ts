// The whole flow in a real browser against a real server and the real engine, on real photos: a data set is added,
// looked at and augmented; a run is trained, steered, broken, resumed and compared; a model is evaluated and asked.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { describeInBrowser, stepByStep, withBrowser } from './test-steps.ts';

const slow = 180_000;

describeInBrowser('the screens', () => {
  const { server, browser, photos } = withBrowser({ photos: { train: 24, val: 6 } });

  stepByStep();

  const button = (name: string | RegExp) =>
    browser.page.getByRole('button', { name, exact: typeof name === 'string' });
  const tab = (name: RegExp) => browser.page.getByRole('tab', { name });
  const state = (word: string) => browser.page.locator('.screen-head .state', { hasText: word });

  async function steps(): Promise<number> {
    const text = await browser.page
      .locator('.tile', { hasText: 'Step' })
      .first()
      .locator('.value')
      .innerText();
    return Number(text.replaceAll(',', ''));
  }

  async function startRun(name: string, epochs: number): Promise<void> {
    await browser.go('/new-run');
    const { page } = browser;
    await page.locator('[data-path="net.widthFactor"] input').fill('0.125');
    await page.locator('[data-path="epochs"] input').fill(String(epochs));
    await page.locator('[data-path="optimiser.batchSize"] input').fill('16');
    // With so few photos the error stands still soon, and the schedule would end a run that is still needed.
    await page.locator('[data-path="optimiser.schedule.patience"] input').fill('1000');
    await page.getByLabel('Name', { exact: true }).fill(name);
    await button(/Start training|Add to the queue/).click();
    await page.waitForURL(/#\/runs\/[a-z0-9]+$/);
  }

  it('adds a data set and shows what was left out', { timeout: slow }, async () => {
    const { page } = browser;
    await page.getByText('First steps').waitFor();
    await browser.picture('home-first');
    await browser.go('/datasets');
    await button('Add data set').click();
    // The folder above holds the splits.
    await page.getByLabel('Training folder').fill(dirname(photos.train));
    await page.getByText('Its folders are the splits').waitFor();
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe(basename(dirname(photos.train)));
    expect(await button('Add').isDisabled()).toBe(true);
    await browser.picture('dataset-add-splits');
    await button('Use its training and validation folders').click();
    expect(await page.getByLabel('Validation folder').inputValue()).toBe(photos.val);
    await page.getByText(/^4 classes: n01440764/).waitFor();
    expect(await page.getByLabel('Training folder').inputValue()).toBe(photos.train);
    await button('Browse').first().click();
    const browse = page.getByRole('dialog', { name: 'Training folder' });
    await browse.getByText('n01440764').waitFor();
    await browser.picture('folder-browser');
    await browse.getByRole('button', { name: 'Choose this folder' }).click();
    expect(await page.getByLabel('Training folder').inputValue()).toBe(photos.train);
    await page.getByLabel('Name', { exact: true }).fill('four');
    await browser.picture('dataset-add');
    await button('Add').click();
    await page.locator('[role=row]', { hasText: 'four' }).getByText('ready').waitFor();
    await page.locator('[role=row]', { hasText: 'four' }).click();
    await page.locator('.tile', { hasText: 'Training images' }).getByText('96').waitFor();
    await browser.picture('dataset');
    await tab(/Left out/).click();
    await page.getByText('broken.jpg').waitFor();
    await tab(/Images/).click();
    await page.getByRole('option').first().click();
    await page.getByText('256x256, what the net sees').waitFor();
    await browser.picture('dataset-inspector');
    await page.keyboard.press('Escape');
  });

  it('shows what augmentation does and keeps its settings', { timeout: slow }, async () => {
    const { page } = browser;
    await browser.go('/augmentation');
    await page.getByText('The first twelve epochs').waitFor();
    const first = page.getByAltText('The same in the first epoch');
    const before = await first.getAttribute('src');
    await button('Roll again').click();
    await expect.poll(() => first.getAttribute('src')).not.toBe(before);
    await page.getByLabel('Name of the settings').fill('mine');
    await button('Keep').click();
    await page.getByText('mine kept').waitFor();
    await browser.picture('augmentation');
  });

  it('says what is wrong with a setting while it is typed', { timeout: slow }, async () => {
    const { page } = browser;
    await browser.go('/new-run');
    const rate = page.locator('[data-path="optimiser.learningRate"]');
    await rate.locator('input').fill('fast');
    await rate.getByRole('alert').waitFor();
    expect(await button('Start training').isDisabled()).toBe(true);
    await browser.picture('new-run-problem');
    await rate.getByRole('button', { name: "Back to the preset's value" }).click();
    await expect.poll(() => button('Start training').isEnabled()).toBe(true);
    await browser.picture('new-run');
  });

  it('trains with live figures, steers, and goes on after the engine was killed', {
    timeout: slow,
  }, async () => {
    const { page } = browser;
    await startRun('long', 5000);
    await expect.poll(steps, { timeout: 60_000 }).toBeGreaterThan(4);
    // Before there is any checkpoint the kernels are looked at as they are, and move on.
    await tab(/Kernels/).click();
    const kernels = page.getByAltText(/kernels of conv1/);
    await kernels.waitFor();
    const first = await kernels.getAttribute('src');
    expect(first).toMatch(/live-kernels/);
    await expect.poll(() => kernels.getAttribute('src'), { timeout: 30_000 }).not.toBe(first);
    await browser.picture('run-live-kernels');
    await button(/^Rate /).click();
    await page.getByRole('menuitem', { name: 'Divide by 10' }).click();
    await tab(/Log/).click();
    await page.getByText('Rate times 0.1').waitFor();
    await button('Pause').click();
    await state('paused').waitFor();
    await browser.picture('run-paused');
    await button('Go on').first().click();
    await state('running').waitFor();
    await button('Checkpoint').click();
    await page.getByText(/Checkpoint: asked for/).waitFor();

    const before = await steps();
    expect(server.killEngine()).toBe(1);
    await state('interrupted').waitFor();
    await browser.picture('run-interrupted');
    await button('Resume').first().click();
    await state('running').waitFor();
    await expect.poll(steps, { timeout: 60_000 }).toBeGreaterThan(before + 3);
    await tab(/Curves/).click();
    await browser.picture('run-live');
    await button('Stop').click();
    await button('Stop with a checkpoint').click();
    await state('stopped').waitFor();
    await tab(/Kernels/).click();
    await page.getByAltText(/kernels of conv1/).waitFor();
    await page.getByRole('rowheader', { name: 'fc8' }).waitFor();
    await browser.picture('run-layers');
    await page.setViewportSize({ width: 1024, height: 640 });
    const table = page.getByRole('region', { name: 'Layers' });
    await expect.poll(() => table.getByRole('columnheader').count()).toBeLessThan(9);
    expect(await browser.scrollsSideways('.sideways')).toBe(false);
    await browser.picture('run-layers-small');
    await page.setViewportSize({ width: 1440, height: 900 });
    await expect.poll(() => table.getByRole('columnheader').count()).toBe(9);
  });

  it('finds runs by keyboard and compares them', { timeout: slow }, async () => {
    const { page } = browser;
    await startRun('short', 2);
    await state('finished').waitFor({ timeout: 90_000 });
    await page.keyboard.press('Control+k');
    // The line is ready to be typed into.
    await page.getByRole('combobox', { name: /Screen, run/ }).waitFor();
    await page.keyboard.type('runs train');
    await page.keyboard.press('Enter');
    await page.waitForURL(/#\/runs$/);
    const table = page.getByRole('grid', { name: 'Runs' });
    await table.getByText('short', { exact: true }).waitFor();
    await table.focus();
    for (const key of ['Space', 'ArrowDown', 'Space']) await page.keyboard.press(key);
    await button('Compare').click();
    await page.getByRole('rowheader', { name: 'epochs' }).waitFor();
    await browser.picture('compare');
    await page.keyboard.press('g');
    await page.keyboard.press('h');
    await page.getByText('What can compute here').waitFor();
    await browser.picture('home');
  });

  it('evaluates a checkpoint, down to the images behind a cell, and exports the report', {
    timeout: slow,
  }, async () => {
    const { page } = browser;
    await browser.go('/evaluations?start=1');
    const dialog = page.getByRole('dialog');
    const models = dialog.getByLabel('Model');
    await models.locator('option', { hasText: 'short' }).waitFor({ state: 'attached' });
    const [reference] = await models
      .locator('option', { hasText: 'short' })
      .evaluateAll((options) => options.map((option) => option.getAttribute('value') ?? ''));
    await models.selectOption(reference ?? '');
    await dialog.getByRole('button', { name: 'Evaluate', exact: true }).click();
    await page.getByRole('grid', { name: 'Evaluations' }).locator('[role=row]', { hasText: 'short' }).click();
    await page.getByText('Calibration error').waitFor();
    await browser.picture('evaluation');
    await page.getByRole('grid', { name: 'Most confused pairs' }).locator('[role=row]').nth(1).click();
    await page.getByRole('dialog').getByRole('listitem').first().waitFor();
    await page.keyboard.press('Escape');
    await tab(/Confusion map/).click();
    await page.getByRole('application').press('ArrowRight');
    await page
      .getByText(/answered (as|rightly)/)
      .first()
      .waitFor();
    // Four columns are wide enough for their names; each says its whole name.
    expect(await page.locator('.above.names li').count()).toBe(4);
    expect(await page.locator('.above li').first().getAttribute('title')).toBe('tench');
    await browser.picture('evaluation-map');
    const download = page.waitForEvent('download');
    await button('Export').click();
    await page.getByRole('menuitem', { name: /HTML/ }).click();
    const report = readFileSync(await (await download).path(), 'utf8');
    expect(report).toContain('Most confused');
  });

  it('classifies photos, crop by crop', { timeout: slow }, async () => {
    const { page } = browser;
    await browser.go('/classify');
    await page.locator('input[type=file]').setInputFiles(photos.some);
    await expect.poll(() => page.locator('.bars').count(), { timeout: 60_000 }).toBe(photos.some.length);
    await page.getByText('10 crops').click();
    const crops = button('The ten crops').first();
    await crops.waitFor({ timeout: 60_000 });
    await crops.click();
    await expect.poll(() => page.getByAltText(/^Crop \d+/).count()).toBe(10);
    await browser.picture('classify');
  });

  it('classifies a folder into a table and a CSV file', { timeout: slow }, async () => {
    const { page } = browser;
    await browser.go('/classify');
    await tab(/A folder/).click();
    await page.getByLabel('Folder', { exact: true }).fill(photos.val);
    await button('Classify the folder').click();
    await page.waitForURL(/#\/classify\/folder\//);
    await state('done').waitFor({ timeout: 60_000 });
    await page.locator('.screen-head').getByText('24 files').waitFor();
    await browser.picture('classify-folder');
    const download = page.waitForEvent('download');
    await button('CSV').click();
    const lines = readFileSync(await (await download).path(), 'utf8')
      .trim()
      .split('\n');
    expect(lines).toHaveLength(25);
    await browser.go('/classify');
    await tab(/History/).click();
    await page.getByRole('grid', { name: 'History' }).getByRole('row').nth(5).waitFor();
    await browser.picture('classify-history');
  });

  it('exports a model, imports it again, and sets two models side by side', { timeout: slow }, async () => {
    const { page } = browser;
    await browser.go('/models');
    await tab(/Runs with checkpoints/).click();
    await button('More about short').click();
    await page.getByRole('menuitem', { name: 'Export…' }).click();
    await page.getByLabel('Folder', { exact: true }).fill(server.folder);
    await page.getByLabel('Name of the file').fill('exported');
    await button('Export').click();
    await expect
      .poll(() => existsSync(join(server.folder, 'exported.safetensors')), { timeout: 30_000 })
      .toBe(true);
    await button('Import').click();
    await page.getByLabel('File', { exact: true }).fill(join(server.folder, 'exported.safetensors'));
    await page.getByLabel('Name', { exact: true }).fill('twin');
    await page.getByRole('dialog').getByRole('button', { name: 'Import', exact: true }).click();
    await tab(/Imported/).click();
    await page.getByRole('grid', { name: 'Imported models' }).getByText('twin').waitFor();
    await browser.picture('models');
    await browser.go('/classify');
    const second = page.getByLabel('Second model');
    await second.locator('option', { hasText: 'twin' }).waitFor({ state: 'attached' });
    await page.getByLabel('Model', { exact: true }).selectOption({ index: 1 });
    await second.selectOption('twin');
    await page.locator('input[type=file]').setInputFiles(photos.some.slice(0, 1));
    await expect.poll(() => page.locator('.bars').count(), { timeout: 60_000 }).toBe(2);
    await browser.picture('classify-two');
  });

  it('has no barriers and fits a small window, in both themes', { timeout: slow }, async () => {
    const { page } = browser;
    const places = [
      '/',
      '/runs',
      '/new-run',
      '/datasets',
      '/augmentation',
      '/evaluations',
      '/classify',
      '/models',
    ];
    const found: string[] = [];
    for (const theme of ['light', 'dark'] as const) {
      await browser.theme(theme);
      for (const size of [
        { width: 1024, height: 640 },
        { width: 1600, height: 1000 },
      ]) {
        await page.setViewportSize(size);
        for (const place of [...places, '/settings']) {
          await browser.go(place);
          await page.getByRole('heading', { level: 1 }).waitFor();
          await browser.settled();
          await browser.picture(`${theme}-${size.width}${place.replaceAll('/', '-')}`);
          if (await browser.overflows()) found.push(`${place} is wider than ${size.width}`);
          if (place === '/new-run' && (await browser.scrollsSideways('#layers .scroll')))
            found.push(`the layers are wider than ${size.width}`);
          if (size.width === 1024)
            found.push(...(await browser.barriers()).map((one) => `${theme} ${place}: ${one}`));
        }
      }
    }
    expect(found).toEqual([]);
  });

  it('says what is wrong and what to do, wherever something is gone', { timeout: slow }, async () => {
    const { page } = browser;
    for (const place of ['/runs/gone', '/datasets/gone', '/evaluations/gone']) {
      await browser.go(place);
      await page.getByRole('alert').getByText('NOT_FOUND').waitFor();
    }
    await browser.picture('not-found');
    await browser.go('/datasets?add=1');
    await page.getByLabel('Training folder').fill(join(server.folder, 'nowhere'));
    await page.getByLabel('Name', { exact: true }).fill('nothing');
    await button('Add').click();
    await page
      .getByText(/nowhere/)
      .last()
      .waitFor();
    await browser.picture('dataset-refused');
    await page.keyboard.press('Escape');
    await page.getByRole('grid', { name: 'Data sets' }).getByText('four', { exact: true }).click();
    await tab(/Images/).click();
    for (const name of readdirSync(join(photos.train, 'n01440764')))
      rmSync(join(photos.train, 'n01440764', name));
    await page.getByRole('option').first().click();
    await page.locator('.gone').waitFor();
    await browser.picture('original-gone');
    await page.keyboard.press('Escape');
  });

  it('verifies, looks for duplicates and removes', { timeout: slow }, async () => {
    const { page } = browser;
    await tab(/Duplicates/).click();
    await button('Look for duplicates').click();
    await page.getByText(/^looked /).waitFor({ timeout: 30_000 });
    await button('More').click();
    await page.getByRole('menuitem', { name: 'Verify every byte' }).click();
    await page
      .getByLabel('Messages')
      .getByText(/Verify/)
      .waitFor({ timeout: 30_000 });
    await button('More').click();
    await page.getByRole('menuitem', { name: 'Remove' }).click();
    await page
      .getByRole('dialog')
      .getByText(/be resumed/)
      .waitFor();
    await browser.picture('dataset-remove');
    await page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click();
    await page.getByText('No data sets yet').waitFor();
  });

  it('comes back by itself when the server was restarted', { timeout: slow }, async () => {
    const { page } = browser;
    await browser.go('/runs');
    const table = page.getByRole('grid', { name: 'Runs' });
    await table.getByText('short', { exact: true }).waitFor();
    // What the browser says of the broken socket is no fault of the page.
    const complaints = browser.complaints.length;
    await server.stop();
    await page.getByText(/Not connected, trying again/).waitFor();
    // What was read stays on the screen.
    expect(await table.getByText('short', { exact: true }).isVisible()).toBe(true);
    await browser.picture('offline');
    // A screen that has nothing to show yet says why, and fills itself later.
    await browser.go('/models');
    await page.getByRole('alert').getByText('Not connected').waitFor();
    await server.start();
    await page.getByText('Connected', { exact: true }).waitFor();
    await page.getByRole('grid', { name: 'Imported models' }).getByText('twin').waitFor();
    await browser.go('/runs');
    await table.getByText('short', { exact: true }).click();
    await state('finished').waitFor();
    browser.complaints.splice(complaints);
  });

  it('never complained: no error of a script, no breach of the content policy', () => {
    expect(browser.complaints).toEqual([]);
  });
});
