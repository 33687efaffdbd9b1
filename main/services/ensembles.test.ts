// Averages of several models' outputs, with the fake engine.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readAnswers } from '../data/evaluation-answers.ts';
import { getEvaluation, listEvaluationsOfRun } from '../data/evaluations.ts';
import { openDatabase } from '../data/open-database.ts';
import type { Studio } from './studio.ts';
import { TestFolder } from './testing/test-studio.ts';

// Every test starts processes, which takes long where others compute on the same cores.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

let folder: TestFolder;
let studio: Studio;
let run: string;
beforeAll(async () => {
  folder = new TestFolder();
  studio = folder.open();
  await studio.datasets.add({ name: 'pets', ...folder.photos() }, () => {});
  run = (await studio.training.start({ dataset: 'pets', steps: 10, batchSize: 16, name: 'net' }, () => {}))
    .id;
});
afterAll(() => folder.remove());

describe('an evaluation', () => {
  it('of several is the average of their outputs, beside each by itself', async () => {
    const report = folder.path('average.html');
    const models = ['net@best', 'net@last'];
    const progress: number[] = [];
    const result = await studio.evaluation.evaluate(
      { models, dataset: 'pets', split: 'val', crops: 1, ties: 'first', report },
      (done, total) => progress.push(done / total),
    );
    // The fake's average has the number of nets as its loss.
    expect(result).toMatchObject({ model: 'net, step 8 + net, step 10', members: 2, loss: 2, runId: null });
    expect(result.averaged).toMatchObject([
      { name: 'net, step 8', runId: run, checkpointStep: 8, loss: 1, top1Error: result.top1Error },
      { name: 'net, step 10', runId: run, checkpointStep: 10, loss: 1 },
    ]);
    expect(progress.at(-1)).toBe(1);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(readFileSync(report, 'utf8')).toContain('net, step 8 + net, step 10 on pets');

    const db = openDatabase(studio.directory.databaseFile);
    const own = result.averaged.map(({ evaluationId }) => getEvaluation(db, evaluationId ?? ''));
    expect(own).toMatchObject([
      { checkpointStep: 8, members: 1, runId: run },
      { checkpointStep: 10, members: 1, runId: run },
    ]);
    expect(getEvaluation(db, result.id)).toMatchObject({ labels: ['a', 'b', 'c'], members: 2 });
    db.close();
  });

  it('has error bars and says how ties were counted', async () => {
    const request = { models: ['net'], dataset: 'pets', split: 'val', crops: 1, ties: 'fraction' } as const;
    const result = await studio.evaluation.evaluate(request, () => {});
    expect(result).toMatchObject({ ties: 'fraction', top1Interval: [0.6, 0.7], top5Interval: [0, 0] });
    const db = openDatabase(studio.directory.databaseFile);
    expect(getEvaluation(db, result.id)).toMatchObject({ ties: 'fraction', top1Interval: [0.6, 0.7] });
    const answers = readAnswers(db, result);
    expect(answers.images).toBe(64);
    expect([...answers.labels.subarray(0, 4)]).toEqual([0, 1, 2, 0]);
    db.close();
  });

  it('of several is refused where they are the same or know other classes', async () => {
    const evaluate = (...models: string[]) =>
      studio.evaluation.evaluate(
        { models, dataset: 'pets', split: 'val', crops: 1, ties: 'first' },
        () => {},
      );
    await expect(evaluate('net@last', 'net@last')).rejects.toThrow('net@last is named twice');
    await expect(evaluate('net@last', 'net@10')).rejects.toThrow(
      'net@last and net@10 are the same checkpoint',
    );
    await expect(evaluate()).rejects.toThrow('no model');
    const train = { dataset: 'others', steps: 2, batchSize: 16, name: 'otherwise' };
    folder.touch('others/a/1.jpg', 'others/b/1.jpg', 'others/d/1.jpg');
    await studio.datasets.add({ name: 'others', train: folder.path('others') }, () => {});
    await studio.training.start(train, () => {});
    await expect(evaluate('net', 'otherwise')).rejects.toThrow(
      "class 2 differs: net has 'c' there, otherwise has 'd' there",
    );
  });

  it('keeps what was made before the rest was stopped', async () => {
    const db = openDatabase(studio.directory.databaseFile);
    const evaluations = () => listEvaluationsOfRun(db, run).length;
    const before = evaluations();
    const stop = new AbortController();
    const stopped = studio.evaluation.evaluate(
      { models: ['net@best', 'net@last'], dataset: 'pets', split: 'val', crops: 1, ties: 'first' },
      (done, total) => {
        if (done / total > 0.6) stop.abort();
      },
      stop.signal,
    );
    await expect(stopped).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(evaluations()).toBe(before + 1);
    db.close();
  });
});
