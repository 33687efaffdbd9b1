// Rows for tests.
import type { DatasetSource } from '../api/datasets.ts';
import { smallConfig } from '../api/test-config.ts';
import type { StepRecord, ValidationRecord } from '../api/training.ts';
import type { WritableDatabase } from './database.ts';
import { finishDataset, insertDataset } from './datasets.ts';
import { insertRun, type NewRun } from './runs.ts';

export const source: DatasetSource = { trainFolder: '/photos/train', valFraction: 0.1, seed: 1 };

/** A data set "birds" with the id d1 and ten classes, ready. */
export function addDataset(db: WritableDatabase, id = 'd1', name = 'birds'): void {
  insertDataset(db, { id, name, source, createdAt: 1000 });
  finishDataset(db, id, {
    classes: Array.from({ length: 10 }, (_, label) => ({
      label,
      folder: `n${label}`,
      name: `bird ${label}`,
      trainImages: 5,
      valImages: 1,
    })),
    trainImages: 50,
    valImages: 10,
    statistics: {
      meanRgb: [1, 2, 3],
      covariance: [1, 0, 0, 0, 1, 0, 0, 0, 1],
      eigenvalues: [3, 2, 1],
      eigenvectors: [1, 0, 0, 0, 1, 0, 0, 0, 1],
    },
    sizeBytes: 12345,
    updatedAt: 2000,
  });
}

export function newRun(id: string, changes: Partial<NewRun> = {}): NewRun {
  return {
    id,
    name: `run ${id}`,
    datasetId: 'd1',
    datasetName: 'birds',
    preset: 'small',
    config: smallConfig(),
    labels: Array.from({ length: 10 }, (_, label) => `bird ${label}`),
    preprocessing: { cropSize: 224, mean: 'rgb', meanFollowsCrop: true, meanRgb: [1, 2, 3], gain: [1, 1, 1] },
    init: '',
    createdAt: 3000,
    ...changes,
  };
}

/** Data set d1 and a queued run. */
export function addRun(db: WritableDatabase, id = 'r1', changes: Partial<NewRun> = {}): void {
  insertRun(db, newRun(id, changes));
}

export function step(number: number, changes: Partial<StepRecord> = {}): StepRecord {
  return {
    kind: 'step',
    step: number,
    epoch: Math.ceil(number / 10),
    images: 32,
    loss: 10 / number,
    top1Error: 0.9,
    top5Error: 0.5,
    learningRate: 0.01,
    elapsedMs: 100,
    dataWaitMs: 1,
    exchangeMs: 2,
    ...changes,
  };
}

export function validation(epoch: number, changes: Partial<ValidationRecord> = {}): ValidationRecord {
  return {
    kind: 'validation',
    step: epoch * 10,
    epoch,
    images: 10,
    loss: 2,
    top1Error: 0.8 / epoch,
    top5Error: 0.2,
    trainLoss: 1.5,
    trainTop1Error: 0.7,
    elapsedMs: 50,
    ...changes,
  };
}
