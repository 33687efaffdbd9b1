// Reports of runs, with the fake engine.
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Studio } from './studio.ts';
import { TestFolder } from './testing/test-studio.ts';

// Training starts processes, which takes long where others compute on the same cores.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

let folder: TestFolder;
let studio: Studio;
beforeAll(async () => {
  folder = new TestFolder();
  studio = folder.open();
  await studio.datasets.add({ name: 'pets', ...folder.photos() }, () => {});
  const common = { dataset: 'pets', steps: 10, batchSize: 16 };
  await studio.training.start({ ...common, name: 'first' }, () => {});
  await studio.training.start(
    { ...common, name: 'a <b>second</b>', init: 'first@last', settings: ['optimiser.learningRate=0.02'] },
    () => {},
  );
  const evaluation = { dataset: 'pets', split: 'val', ties: 'first' } as const;
  const second = 'a <b>second</b>';
  await studio.evaluation.evaluate({ ...evaluation, models: [second], crops: 1 }, () => {});
  await studio.evaluation.evaluate({ ...evaluation, models: [second, 'first'], crops: 10 }, () => {});
});
afterAll(() => folder.remove());

it('tells of a run where it came from, what was set, and what it reached', async () => {
  const { fileName, text } = await studio.reports.make('a <b>second</b>', { photos: false });
  expect(fileName).toBe('a-b-second-b-.html');
  for (const part of [
    'weights drawn at random',
    'first@last: run first on pets',
    'optimiser.learningRate',
    '0.02',
    'Differences to the preset',
    'Figure 1.',
    // The evaluation with ten crops of it alone is the one that is shown closely, with its range.
    '60.00 % to 70.00 %',
    'step 8 + first, step 8',
    'Calibration',
    'Kernels of conv1',
    'Environment',
    '0.0.0-fake',
  ]) {
    expect(text, part).toContain(part);
  }
  expect(text).not.toContain('<b>second');
  expect(text).not.toContain('data:image/jpeg');
});

it('needs nothing from elsewhere: every address in it is data', async () => {
  const { text } = await studio.reports.make('first', { photos: true });
  const addresses = [...text.matchAll(/(?:src|href|url)\s*[=(]\s*["']?([^"')\s]*)/g)].map(
    ([, address]) => address,
  );
  for (const address of addresses) expect(address).toMatch(/^data:image\/(png|jpeg);base64,/);
  expect(text).not.toMatch(/<script|@import|<link/);
  expect(text).toContain("default-src 'none'");
});

it('leaves photos out where the images are not those that were evaluated', async () => {
  // The fake engine evaluates another number of images than the data set has.
  const { text } = await studio.reports.make('a <b>second</b>', { photos: true });
  expect(text).not.toContain('data:image/jpeg');
});

it('is there for a run that was neither validated nor evaluated nor finished', async () => {
  const config = studio.presets.configure({ steps: 3 }, 3);
  const run = studio.training.create({ dataset: 'pets', config, name: 'queued' });
  const { text } = await studio.reports.make(run.id, { photos: true });
  expect(text).toContain('It was not validated.');
  expect(text).not.toContain('NaN');
  expect(text).not.toContain('undefined');
  await expect(studio.reports.make('nobody', { photos: false })).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
