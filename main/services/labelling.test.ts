// Labelling with the fake engine: who is asked about first, what is kept of the answers, and what becomes of them.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openDatabase } from '../data/open-database.ts';
import { insertPredictions } from '../data/predictions.ts';
import { LabellingService } from './labelling.ts';
import { ModelResolver } from './model-resolver.ts';
import type { Studio } from './studio.ts';
import { TestFolder } from './testing/test-studio.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const folder = new TestFolder();
let studio: Studio;
let labelling: LabellingService;
let sweepId: string;
let clock = 1000;
const none = () => {};
const db = () => openDatabase(folder.path('home/studio.sqlite'));

/** How sure the model was of each; the fake is as sure of all, so the answers are written by hand. */
const photos = [
  { file: 'sure.jpg', margin: 0.9, entropy: 0.2 },
  { file: 'torn.jpg', margin: 0.1, entropy: 0.7 },
  { file: 'lost.jpg', margin: 0.3, entropy: 1.1 },
  { file: 'half.jpg', margin: 0.5, entropy: 0.5 },
];

beforeAll(async () => {
  studio = folder.open({ stepMs: 0 });
  await studio.datasets.add({ name: 'letters', ...folder.photos() }, none);
  await studio.training.start({ dataset: 'letters', steps: 1, batchSize: 16, name: 'net' }, none);
  const store = db();
  labelling = new LabellingService({
    db: store,
    directory: studio.directory,
    models: new ModelResolver(store, studio.directory),
    sweeps: studio.sweeps,
    now: () => clock++,
  });
  const sweep = studio.sweeps.open({ paths: [folder.path('new')], model: 'net', top: 2, crops: 1 });
  sweepId = sweep.id;
  for (const { file } of photos) folder.touch(`new/${file}`);
  folder.touch('new/bad.jpg');
  const { model, runId, modelId, checkpointStep } = sweep;
  const facts = { model, runId, modelId, checkpointStep, crops: 1 as const, createdAt: 1 };
  const state = { id: sweepId, sizeBytes: 1, modifiedAt: 1 };
  insertPredictions(store, [
    ...photos.map(({ file, margin, entropy }) => ({
      ...facts,
      path: folder.path('new', file),
      answers: [
        { class: 0, name: 'a', probability: (1 + margin) / 2 },
        { class: 1, name: 'b', probability: (1 - margin) / 2 },
      ],
      entropy,
      sweep: state,
    })),
    {
      ...facts,
      path: folder.path('new/bad.jpg'),
      answers: { error: { code: 'CORRUPT_IMAGE', message: 'damaged' } },
      sweep: state,
    },
  ]);
});
afterAll(() => folder.remove());

const names = (order: 'margin' | 'entropy' = 'margin', limit = 10) =>
  labelling.next(sweepId, order, limit).map(({ name }) => name);
const idOf = (name: string) => {
  const found = labelling.next(sweepId, 'margin', 10).find((photo) => photo.name === name);
  if (found === undefined) throw new Error(`${name} does not wait`);
  return found.id;
};

describe('labelling', () => {
  it('asks about the least sure first, by margin or entropy, and never about what cannot be read', () => {
    expect(names()).toEqual(['torn.jpg', 'lost.jpg', 'half.jpg', 'sure.jpg']);
    expect(names('entropy')).toEqual(['lost.jpg', 'torn.jpg', 'half.jpg', 'sure.jpg']);
    expect(names('margin', 2)).toEqual(['torn.jpg', 'lost.jpg']);
    expect(labelling.next(sweepId, 'margin', 1)).toEqual([
      {
        id: expect.any(Number),
        path: folder.path('new/torn.jpg'),
        name: 'torn.jpg',
        image: expect.stringContaining('/'),
        answers: [
          { class: 0, name: 'a', probability: 0.55 },
          { class: 1, name: 'b', probability: 0.45 },
        ],
      },
    ]);
    expect(() => labelling.next('nothing', 'margin', 1)).toThrow('removed');
  });

  it('takes labels and passings over, back as well, and asks about none of them again', () => {
    const [torn, lost] = [idOf('torn.jpg'), idOf('lost.jpg')];
    labelling.give(torn, 'b');
    labelling.give(lost, null);
    expect(names()).toEqual(['half.jpg', 'sure.jpg']);
    expect(labelling.counts()).toEqual({ classes: [{ name: 'b', count: 1 }], skipped: 1 });
    labelling.give(torn, 'owl');
    expect(labelling.counts().classes).toEqual([{ name: 'owl', count: 1 }]);
    // The model's classes, and what was said besides.
    expect(labelling.classes(sweepId)).toEqual(['a', 'b', 'c', 'owl']);
    labelling.takeBack(torn);
    labelling.takeBack(torn);
    expect(names()).toEqual(['torn.jpg', 'half.jpg', 'sure.jpg']);
    expect([labelling.askAgain(), labelling.askAgain()]).toEqual([1, 0]);
    expect(names()).toHaveLength(4);
    expect(() => labelling.give(12_345, 'a')).toThrow('not in the history');
    expect(() => labelling.takeBack(12_345)).toThrow('not in the history');
  });

  it('makes no data set of less than two classes, and leaves no list of it', async () => {
    await expect(labelling.datasetRequest('own', undefined)).rejects.toMatchObject({ code: 'EMPTY_DATASET' });
    await expect(labelling.writeList(folder.path('empty.jsonl'))).rejects.toMatchObject({
      code: 'EMPTY_DATASET',
    });
    labelling.give(idOf('torn.jpg'), 'b');
    await expect(labelling.datasetRequest('own', undefined)).rejects.toThrow("only 'b' was given");
    expect([existsSync(folder.path('empty.jsonl')), existsSync(folder.path('home/labels'))]).toEqual([
      false,
      false,
    ]);
  });

  it('makes a data set of the labels of that moment', async () => {
    labelling.give(idOf('lost.jpg'), 'a');
    labelling.give(idOf('sure.jpg'), 'a "strange", thing');
    labelling.give(idOf('half.jpg'), null);
    const request = await labelling.datasetRequest('own', undefined);
    const list = String(request.trainLabels);
    expect(readdirSync(folder.path('home/labels')).map((name) => folder.path('home/labels', name))).toEqual([
      list,
    ]);
    const lines = readFileSync(list, 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { file: folder.path('new/lost.jpg'), class: 'a' },
      { file: folder.path('new/sure.jpg'), class: 'a "strange", thing' },
      { file: folder.path('new/torn.jpg'), class: 'b' },
    ]);
    labelling.askAgain();
    labelling.give(idOf('half.jpg'), 'b');
    expect(readFileSync(list, 'utf8').trimEnd().split('\n')).toHaveLength(3);
    const made = await studio.datasets.add(request, none);
    expect(made).toMatchObject({ name: 'own', state: 'ready', trainImages: 3 });
    await expect(labelling.writeList(list)).rejects.toMatchObject({ code: 'NAME_TAKEN' });
    expect(await labelling.datasetRequest('more', 0.25)).toMatchObject({ name: 'more', valFraction: 0.25 });
    expect(labelling.counts().skipped).toBe(0);
  });

  it('keeps labels when the model and the answers are gone', () => {
    const store = db();
    store.run('test', 'DELETE FROM predictions WHERE path = ?', [folder.path('new/torn.jpg')]);
    store.run('test', 'DELETE FROM runs');
    store.close();
    expect(labelling.classes(sweepId)).toEqual(['a', 'a "strange", thing', 'b']);
    expect(labelling.counts().classes).toContainEqual({ name: 'b', count: 2 });
  });
});
