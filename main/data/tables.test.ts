// Data sets, images, evaluations, predictions, models, settings.

import { beforeEach, describe, expect, it } from 'vitest';
import type { EvaluationMember, EvaluationSummary } from '../api/evaluation.ts';
import { emptyAnswers, encodeBlocks } from '../api/evaluation-answers.ts';
import { textSchema } from '../api/json.ts';
import type { Model } from '../api/models.ts';
import { anyNumber } from '../api/numbers.ts';
import { smallConfig } from '../api/test-config.ts';
import type { WritableDatabase } from './database.ts';
import {
  deleteDataset,
  findDataset,
  getDataset,
  insertDataset,
  listClasses,
  listDatasets,
  setDatasetState,
} from './datasets.ts';
import { readAnswers } from './evaluation-answers.ts';
import {
  deleteEvaluation,
  evaluationMembers,
  findEvaluation,
  getEvaluation,
  insertEvaluation,
  listEvaluationsOfModel,
  listEvaluationsOfRun,
  type NewEvaluation,
  pageEvaluations,
} from './evaluations.ts';
import {
  clearSplit,
  countImages,
  countSkippedFiles,
  getImage,
  insertImages,
  insertSkippedFiles,
  listImages,
  listSkippedFiles,
} from './images.ts';
import { deleteModel, findModel, insertModel, listModels } from './models.ts';
import { openDatabase } from './open-database.ts';
import {
  deletePredictionsBefore,
  insertPredictions,
  listPredictions,
  type NewPrediction,
} from './predictions.ts';
import { deleteRun } from './runs.ts';
import { getSetting, setSetting } from './settings.ts';
import { refusal } from './test-errors.ts';
import { addDataset, addRun, source } from './test-rows.ts';

let db: WritableDatabase;

beforeEach(() => {
  db = openDatabase(':memory:');
  return () => db.close();
});

const model: Model = {
  id: 'm1',
  name: 'imported',
  file: 'models/m1.safetensors',
  format: 'safetensors',
  preset: 'alexnet',
  net: smallConfig().net,
  preprocessing: { cropSize: 224, mean: 'none', meanFollowsCrop: true, gain: [1, 1, 1] },
  labels: ['a', 'b'],
  parameters: 12,
  sizeBytes: 48,
  source: { file: 'weights.safetensors' },
  createdAt: 5,
};

describe('datasets', () => {
  it('come back as they were stored', () => {
    insertDataset(db, { id: 'd0', name: 'new', source, createdAt: 7 });
    expect(getDataset(db, 'd0')).toEqual({
      id: 'd0',
      name: 'new',
      state: 'packing',
      reason: '',
      source,
      classes: 0,
      trainImages: 0,
      valImages: 0,
      statistics: null,
      sizeBytes: 0,
      createdAt: 7,
      updatedAt: 7,
    });
    addDataset(db);
    expect(findDataset(db, 'birds')).toMatchObject({
      id: 'd1',
      state: 'ready',
      classes: 10,
      sizeBytes: 12345,
    });
    expect(findDataset(db, 'd1')?.statistics?.eigenvalues).toEqual([3, 2, 1]);
    expect(listDatasets(db).map((one) => one.name)).toEqual(['birds', 'new']);
    expect(listClasses(db, 'd1')[3]).toEqual({
      label: 3,
      folder: 'n3',
      name: 'bird 3',
      trainImages: 5,
      valImages: 1,
    });
  });

  it('have one name each', () => {
    addDataset(db);
    const error = refusal(() => insertDataset(db, { id: 'd2', name: 'birds', source, createdAt: 7 }));
    expect(error.code).toBe('NAME_TAKEN');
    expect(error.message).toContain('birds');
  });

  it('fail with a reason', () => {
    addDataset(db);
    setDatasetState(db, 'd1', { state: 'failed', reason: 'the disk is full', updatedAt: 9 });
    expect(getDataset(db, 'd1')).toMatchObject({ state: 'failed', reason: 'the disk is full', updatedAt: 9 });
    expect(refusal(() => setDatasetState(db, 'd9', { state: 'ready', updatedAt: 9 })).code).toBe('NOT_FOUND');
  });

  it('take their images and skipped files along', () => {
    addDataset(db);
    insertImages(db, 'd1', 'train', [{ record: 0, label: 0, path: 'n0/a.jpg' }]);
    insertSkippedFiles(db, 'd1', [
      { split: 'train', path: 'n0/b.jpg', code: 'CORRUPT_IMAGE', message: 'cut short' },
    ]);
    deleteDataset(db, 'd1');
    expect(countImages(db, 'd1', 'train')).toBe(0);
    expect(countSkippedFiles(db, 'd1')).toEqual({ train: 0, val: 0 });
    expect(refusal(() => deleteDataset(db, 'd1')).code).toBe('NOT_FOUND');
  });
});

describe('images', () => {
  it('are paged by record, all or one class', () => {
    addDataset(db);
    const images = Array.from({ length: 9 }, (_, record) => ({
      record,
      label: record % 3,
      path: `${record}.jpg`,
    }));
    insertImages(db, 'd1', 'train', images);
    insertImages(db, 'd1', 'val', images.slice(0, 2));
    const page = { datasetId: 'd1', split: 'train', afterRecord: -1, limit: 4 } as const;
    expect(listImages(db, page).map((image) => image.record)).toEqual([0, 1, 2, 3]);
    expect(listImages(db, { ...page, afterRecord: 3 }).map((image) => image.record)).toEqual([4, 5, 6, 7]);
    expect(listImages(db, { ...page, label: 1 }).map((image) => image.record)).toEqual([1, 4, 7]);
    expect(getImage(db, 'd1', 'val', 1)).toEqual({ split: 'val', record: 1, label: 1, path: '1.jpg' });
    expect(getImage(db, 'd1', 'val', 2)).toBeUndefined();
    expect(clearSplit(db, 'd1', 'train')).toEqual({ images: 9, skipped: 0 });
    expect(countImages(db, 'd1', 'val')).toBe(2);
  });

  it('are stored all or none', () => {
    addDataset(db);
    const twice = [0, 1, 1].map((record) => ({ record, label: 0, path: `${record}.jpg` }));
    expect(() => insertImages(db, 'd1', 'train', twice)).toThrow('UNIQUE');
    expect(countImages(db, 'd1', 'train')).toBe(0);
  });

  it('that were skipped keep their reason, in order', () => {
    addDataset(db);
    const file = (path: string) =>
      ({ split: 'train', path, code: 'CORRUPT_IMAGE', message: 'cut short' }) as const;
    insertSkippedFiles(db, 'd1', [file('b'), file('a'), { ...file('c'), split: 'val' }]);
    const [first, ...rest] = listSkippedFiles(db, { datasetId: 'd1', split: 'train', afterId: 0, limit: 1 });
    expect(rest).toEqual([]);
    expect(first).toMatchObject(file('b'));
    const next = listSkippedFiles(db, { datasetId: 'd1', split: 'train', afterId: first?.id ?? 0, limit: 9 });
    expect(next).toMatchObject([file('a')]);
    expect(countSkippedFiles(db, 'd1')).toEqual({ train: 2, val: 1 });
  });
});

describe('evaluations', () => {
  const summary: EvaluationSummary = {
    images: 2,
    loss: 1.5,
    top1Error: 0.5,
    top5Error: 0,
    classImages: [1, 1],
    classTop5Hits: [1, 1],
    confusion: [
      [0, 0, 1],
      [1, 0, 1],
    ],
    top1Interval: [0, 1],
    top5Interval: null,
    calibration: [[2, 1.5, 1]],
  };
  const answers = emptyAnswers(2);
  answers.top5.set([0, 1, -1, -1, -1, 1, 0, -1, -1, -1]);
  answers.labels.set([0, 1]);
  const evaluation: NewEvaluation = {
    id: 'e1',
    runId: 'r1',
    modelId: null,
    checkpointStep: 40,
    datasetId: 'd1',
    datasetName: 'birds',
    split: 'val',
    crops: 10,
    ties: 'fraction',
    summary,
    answers: [...encodeBlocks(answers)],
    labels: ['owl', 'tit'],
    elapsedMs: 12,
    createdAt: 9,
  };

  it('are listed without and read with their summary', () => {
    addDataset(db);
    addRun(db);
    insertEvaluation(db, evaluation);
    insertEvaluation(db, {
      ...evaluation,
      id: 'e2',
      createdAt: 8,
      summary: { ...summary, loss: Number.NaN },
    });
    const [first, second] = listEvaluationsOfRun(db, 'r1');
    expect(first).toMatchObject({ id: 'e2', loss: null });
    expect(second).toMatchObject({ id: 'e1', images: 2, loss: 1.5, top1Error: 0.5, crops: 10 });
    expect(second).not.toHaveProperty('summary');
    expect(second).toMatchObject({ top1Interval: [0, 1], top5Interval: null, ties: 'fraction' });
    expect(getEvaluation(db, 'e1')).toMatchObject({ summary, labels: ['owl', 'tit'], members: 1 });
    expect(readAnswers(db, { id: 'e1', images: 2 })).toEqual(answers);
    expect(refusal(() => readAnswers(db, { id: 'e1', images: 3 })).code).toBe('CORRUPT_DATABASE');
    expect(getEvaluation(db, 'e2')?.summary.loss).toBeNaN();
    deleteEvaluation(db, 'e1');
    expect(getEvaluation(db, 'e1')).toBeUndefined();
    expect(refusal(() => deleteEvaluation(db, 'e1')).code).toBe('NOT_FOUND');
  });

  it('are of several models, whose names and errors outlive them', () => {
    addDataset(db);
    addRun(db);
    insertModel(db, model);
    insertEvaluation(db, evaluation);
    const errors = { loss: null, top1Error: 0.5, top5Error: 0.25 };
    const members: EvaluationMember[] = [
      {
        name: 'run r1, step 40',
        runId: 'r1',
        modelId: null,
        checkpointStep: 40,
        evaluationId: 'e1',
        ...errors,
      },
      { name: 'imported', runId: null, modelId: 'm1', checkpointStep: null, evaluationId: null, ...errors },
    ];
    insertEvaluation(db, { ...evaluation, id: 'e2', runId: null, checkpointStep: null, members });
    expect(findEvaluation(db, 'e2')).toMatchObject({ members: 2, runId: null, modelId: null });
    expect(evaluationMembers(db, 'e2')).toEqual(members);
    expect(evaluationMembers(db, 'e1')).toEqual([]);
    // Found by each of its members.
    const found = (filter: object) =>
      pageEvaluations(db, filter, { offset: 0, limit: 9 }).evaluations.map(({ id }) => id);
    expect(found({ runId: 'r1' }).sort()).toEqual(['e1', 'e2']);
    expect(found({ modelId: 'm1' })).toEqual(['e2']);
    deleteRun(db, 'r1');
    expect(evaluationMembers(db, 'e2')).toEqual([
      { ...members[0], runId: null, evaluationId: null },
      members[1],
    ]);
    expect(findEvaluation(db, 'e1')).toBeUndefined();
    deleteEvaluation(db, 'e2');
    expect(evaluationMembers(db, 'e2')).toEqual([]);
    expect(
      refusal(() => insertEvaluation(db, { ...evaluation, id: 'e3', runId: null, modelId: 'm1', members }))
        .details?.sqlite,
    ).toBe('SQLITE_CONSTRAINT_CHECK');
  });

  it('belong to a run or to a model, not to both or neither', () => {
    addDataset(db);
    addRun(db);
    insertModel(db, model);
    insertEvaluation(db, { ...evaluation, runId: null, modelId: 'm1' });
    expect(listEvaluationsOfModel(db, 'm1')).toHaveLength(1);
    for (const [runId, modelId] of [
      ['r1', 'm1'],
      [null, null],
    ] as const) {
      const error = refusal(() => insertEvaluation(db, { ...evaluation, id: 'e3', runId, modelId }));
      expect(error.details?.sqlite).toBe('SQLITE_CONSTRAINT_CHECK');
    }
  });
});

describe('predictions', () => {
  it('are a history, newest first', () => {
    const one: NewPrediction = {
      path: '/photos/a.jpg',
      model: 'imported',
      runId: null,
      modelId: null,
      checkpointStep: null,
      crops: 1,
      answers: [{ class: 3, name: 'owl', probability: 0.9 }],
      createdAt: 10,
    };
    const failed = { error: { code: 'CORRUPT_IMAGE', message: 'cut short' } };
    insertPredictions(db, [
      one,
      { ...one, path: 'b' },
      { ...one, path: 'c', answers: failed, createdAt: 20 },
    ]);
    const [last, ...others] = listPredictions(db, { limit: 2 });
    expect(last).toMatchObject({ path: 'c', answers: failed });
    expect(others[0]).toMatchObject({ path: 'b', answers: one.answers });
    const before = others[0];
    if (before === undefined) throw new Error('no prediction');
    expect(listPredictions(db, { before }).map((row) => row.path)).toEqual(['/photos/a.jpg']);
    expect(deletePredictionsBefore(db, 20)).toBe(2);
    expect(listPredictions(db)).toHaveLength(1);
  });
});

describe('models', () => {
  it('come back as they were stored, by name or id', () => {
    insertModel(db, model);
    expect(findModel(db, 'imported')).toEqual(model);
    expect(findModel(db, 'm1')).toEqual(model);
    expect(findModel(db, 'm2')).toBeUndefined();
    expect(refusal(() => insertModel(db, { ...model, id: 'm2' })).code).toBe('NAME_TAKEN');
    insertModel(db, { ...model, id: 'm2', name: 'another' });
    expect(listModels(db).map((one) => one.id)).toEqual(['m2', 'm1']);
    deleteModel(db, 'm1');
    expect(refusal(() => deleteModel(db, 'm1')).code).toBe('NOT_FOUND');
  });

  it('that are damaged in the database are told so', () => {
    insertModel(db, model);
    db.run('damage', "UPDATE models SET net = '{}'");
    const error = refusal(() => findModel(db, 'm1'));
    expect(error.code).toBe('CORRUPT_DATABASE');
    expect(error.message).toContain('models.net');
  });
});

describe('settings', () => {
  it('are replaced, cleared, and checked when read', () => {
    expect(getSetting(db, 'language', textSchema)).toBeUndefined();
    setSetting(db, 'language', 'en');
    setSetting(db, 'language', 'fr');
    expect(getSetting(db, 'language', textSchema)).toBe('fr');
    expect(refusal(() => getSetting(db, 'language', anyNumber)).code).toBe('CORRUPT_DATABASE');
  });
});
