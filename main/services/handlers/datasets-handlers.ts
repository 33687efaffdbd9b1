// Handlers of data sets.

import type { StudioHandlers } from '../../api/contract.ts';
import type { DatasetSource } from '../../api/datasets.ts';
import { AppError } from '../../api/errors.ts';
import type { AddDataset } from '../../api/operations/datasets.ts';
import type { JobKind } from '../../api/operations/jobs.ts';
import { countSkippedFiles } from '../../data/images.ts';
import { countRunsOfDataset, listRunsOfDataset } from '../../data/runs.ts';
import { lookIntoFolder } from '../../datasets/splits.ts';
import { absolute, type HandlerParts } from './parts.ts';

const runsShown = 100;
const foldersShown = 12;
const kindsOfDatasets: readonly JobKind[] = ['addDataset', 'verifyDataset', 'findDuplicates'];

/** What a data set was added with, to add it again. */
function toRequest(name: string, source: DatasetSource): AddDataset {
  const { trainFolder, trainLabelsFile, valFolder, valLabelsFile, devkitMapFile, valFraction } = source;
  return {
    name,
    train: trainFolder,
    ...(trainLabelsFile === undefined ? {} : { trainLabels: trainLabelsFile }),
    ...(valFolder === undefined ? {} : { val: valFolder }),
    ...(valLabelsFile === undefined ? {} : { valLabels: valLabelsFile }),
    ...(devkitMapFile === undefined ? {} : { valMap: devkitMapFile }),
    ...(valFraction === undefined ? {} : { valFraction }),
  };
}

export function datasetsHandlers(parts: HandlerParts): StudioHandlers['datasets'] {
  const { db, datasets, browser, queue, packs, changes, training } = parts;
  const startOn = (kind: JobKind, id: string, title: string) => {
    const { name } = browser.existing(id);
    const busy = queue.findBySubject(id, kindsOfDatasets);
    if (busy !== undefined) {
      throw new AppError('BUSY', `data set ${name} is worked on already: ${busy.title}`, { job: busy.id });
    }
    return { jobId: queue.add({ kind, title: `${title} ${name}`, request: { datasetId: id }, subject: id }) };
  };
  return {
    list: () => datasets.list(),
    show({ id }) {
      const dataset = browser.existing(id);
      const runs = listRunsOfDataset(db, id, runsShown);
      return {
        ...dataset,
        skippedFiles: countSkippedFiles(db, id),
        runs: runs.map(({ id: runId, name, state, createdAt }) => ({ id: runId, name, state, createdAt })),
        runCount: countRunsOfDataset(db, id),
        jobId: queue.findBySubject(id, kindsOfDatasets)?.id ?? null,
        problem: datasets.problemOf(dataset),
      };
    },
    async look({ folder }) {
      absolute(folder);
      const { folders, splits } = await lookIntoFolder(folder);
      return { folders: folders.length, first: folders.slice(0, foldersShown), splits };
    },
    async add(request) {
      const { train, trainLabels, val, valLabels, valMap } = request;
      for (const path of [train, trainLabels, val, valLabels, valMap]) if (path !== undefined) absolute(path);
      await datasets.check(request);
      return { jobId: queue.add({ kind: 'addDataset', title: `Add data set ${request.name}`, request }) };
    },
    addSample: () => ({
      jobId: queue.add({
        kind: 'addDataset',
        title: 'Make the sample data set',
        request: { sample: true },
      }),
    }),
    resume({ id }) {
      const { name, source, state } = browser.existing(id);
      if (state === 'ready') {
        throw new AppError('INVALID_ARGUMENT', `data set ${name} is packed to the end already`, { id });
      }
      const waiting = queue.findBySubject(id, kindsOfDatasets);
      if (waiting?.state === 'paused') {
        queue.resume(waiting.id);
        return { jobId: waiting.id };
      }
      if (waiting !== undefined) return { jobId: waiting.id };
      const request = toRequest(name, source);
      return {
        jobId: queue.add({ kind: 'addDataset', title: `Add data set ${name}`, request, subject: id }),
      };
    },
    classes: (request) => browser.classes(request),
    balance: ({ id }) => browser.balance(id),
    images: (request) => browser.images(request),
    image: ({ id, split, record }) => browser.image(id, split, record),
    skipped: ({ id, ...request }) => browser.skipped({ datasetId: id, ...request }),
    duplicates: ({ id, ...page }) => browser.duplicates(id, page),
    findDuplicates: ({ id }) => startOn('findDuplicates', id, 'Find duplicates in'),
    verify: ({ id }) => startOn('verifyDataset', id, 'Verify'),
    removal({ id }) {
      const removal = browser.removal(id);
      const busy = queue.findBySubject(id, kindsOfDatasets);
      if (removal.blocked !== '' || busy === undefined || busy.state === 'paused') return removal;
      return { ...removal, blocked: `it is worked on: ${busy.title}; cancel that first` };
    },
    async remove({ id, force }) {
      const { name } = browser.existing(id);
      const waiting = listRunsOfDataset(db, id).find((run) => training.isTraining(run.id));
      if (waiting !== undefined) {
        throw new AppError('BUSY', `run ${waiting.name} is training on data set ${name}; stop it first`);
      }
      const busy = queue.findBySubject(id, kindsOfDatasets);
      if (busy?.state === 'running') {
        throw new AppError('BUSY', `data set ${name} is worked on: ${busy.title}; cancel that first`);
      }
      const runs = countRunsOfDataset(db, id);
      if (runs > 0 && !force) {
        throw new AppError(
          'IN_USE',
          `${runs} runs were trained on data set ${name}; they stay when it is removed, but cannot be resumed`,
          { runs },
        );
      }
      if (busy !== undefined) queue.cancel(busy.id);
      packs.forget(id);
      await datasets.removeGradually(id, { force });
      changes.tell('datasets', id);
    },
  };
}
