// A data set that has other classes than the model, with the fake engine: the model knows a, b and c, and answers a to
// everything; of a data set's 64 images the first is of its first class, the second of its second, and so on.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { getEvaluation } from '../../data/evaluations.ts';
import { openDatabase } from '../../data/open-database.ts';
import type { Studio } from '../studio.ts';
import { TestFolder } from '../testing/test-studio.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const folder = new TestFolder();
let studio: Studio;
const none = () => {};

/** A data set of such classes. */
async function add(name: string, ...classes: string[]): Promise<void> {
  for (const one of classes) folder.touch(`${name}/train/${one}/0.jpg`, `${name}/val/${one}/0.jpg`);
  const [train, val] = [folder.path(name, 'train'), folder.path(name, 'val')];
  await studio.datasets.add({ name, train, val }, none);
}

const check = (dataset: string, signal?: AbortSignal) =>
  studio.datasetChecker.check({ model: 'net', dataset, split: 'val' }, none, signal);

beforeAll(async () => {
  studio = folder.open({ stepMs: 0 });
  await add('letters', 'a', 'b', 'c');
  await studio.training.start({ dataset: 'letters', steps: 1, batchSize: 16, name: 'net' }, none);
});
afterAll(() => folder.remove());

describe('a data set', () => {
  it('of exactly the classes is evaluated, and the evaluation kept', async () => {
    const { evaluation, ...errors } = await check('letters');
    expect(errors).toEqual({
      images: 64,
      top1Error: expect.closeTo(42 / 64, 12),
      top5Error: 0,
      matchedClasses: 3,
      classes: 3,
      unmatched: [],
    });
    const db = openDatabase(studio.directory.databaseFile);
    expect(getEvaluation(db, evaluation ?? '')).toMatchObject({ datasetName: 'letters', images: 64 });
    db.close();
  });

  it('of some classes in another order, and others, is counted where the model knows its class', async () => {
    await add('some', 'B', 'a', 'owl');
    expect(await check('some')).toEqual({
      images: 43,
      top1Error: expect.closeTo(22 / 43, 12),
      top5Error: 0,
      matchedClasses: 2,
      classes: 3,
      unmatched: [{ folder: 'owl', why: 'no class of the model is called so' }],
      evaluation: null,
    });
  });

  it('of as many classes that are called otherwise is taken in their order, which is said', async () => {
    await add('numbers', '1', '2', '3');
    expect(await check('numbers')).toMatchObject({ images: 64, matchedClasses: 3, unmatched: [] });
    expect(folder.warnings.at(-1)).toContain("class 0 is 'a' for net and '1' in numbers");
  });

  it('without a class, or validation images, is an error; so is a stop', async () => {
    await add('strange', 'crow', 'owl');
    await expect(check('strange')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await studio.datasets.add({ name: 'untested', train: folder.path('letters', 'train') }, none);
    await expect(check('untested')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(check('nowhere')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const stop = new AbortController();
    stop.abort();
    await expect(check('some', stop.signal)).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
