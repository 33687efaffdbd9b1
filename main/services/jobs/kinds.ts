// The kinds of work that the queue runs: each drives a service and tells how far it is.

import type { Dataset, DatasetEvent } from '../../api/datasets.ts';
import { AppError, toErrorReport } from '../../api/errors.ts';
import type { Schema } from '../../api/json.ts';
import type { Model } from '../../api/models.ts';
import * as checks from '../../api/operations/job-requests.ts';
import { parseWith } from '../../api/parse.ts';
import type { RunProgress } from '../../api/runs.ts';
import type { WritableDatabase } from '../../data/database.ts';
import { getDataset } from '../../data/datasets.ts';
import { storeDuplicates } from '../../data/duplicates.ts';
import { keepModelCheck } from '../../data/models.ts';
import { getRun, getRunRecipe } from '../../data/runs.ts';
import type { Changes } from '../changes.ts';
import type { CheckpointFiles } from '../checkpoint-files.ts';
import type { DatasetService } from '../datasets.ts';
import type { DemoPlan } from '../demo.ts';
import { findDuplicates } from '../duplicate-search.ts';
import type { EvaluationService } from '../evaluation.ts';
import type { DatasetChecker } from '../model-import/dataset-check.ts';
import type { ModelResolver } from '../model-resolver.ts';
import type { ModelService } from '../models.ts';
import type { OpenPacks } from '../open-packs.ts';
import type { RetrievalService } from '../retrieval.ts';
import type { RunFeed } from '../run-feed.ts';
import type { RunService } from '../runs.ts';
import type { SortingService } from '../sorting/sorting.ts';
import type { SweepService } from '../sweeps/sweeps.ts';
import { Throttle } from '../throttle.ts';
import type { TrainingService } from '../training.ts';
import { type JobContext, type JobKind, type JobRequest, Pace } from './job-kind.ts';
import type { JobKinds } from './job-queue.ts';

export interface JobKindParts {
  db: WritableDatabase;
  training: TrainingService;
  runs: RunService;
  datasets: DatasetService;
  evaluation: EvaluationService;
  sweeps: SweepService;
  sorting: SortingService;
  models: ModelService;
  datasetChecker: DatasetChecker;
  demo: DemoPlan;
  packs: OpenPacks;
  feed: RunFeed;
  resolver: ModelResolver;
  files: CheckpointFiles;
  changes: Changes;
  retrieval: RetrievalService;
  /** 0: all cores. */
  threads: () => number;
  /** Ms UTC. */
  now: () => number;
}

/** Lists of runs show how far each is; more often than this nobody reads it. */
const runsToldEveryMs = 1000;

function parse<T>(schema: Schema<T>, request: JobRequest): T {
  return parseWith(schema, request, 'the kept request', 'CORRUPT_DATABASE') as T;
}

export function jobKinds(parts: JobKindParts): JobKinds {
  return {
    train: trainKind(parts),
    evaluate: evaluateKind(parts),
    classify: classifyKind(parts),
    sortPhotos: sortKind(parts),
    addDataset: addDatasetKind(parts),
    verifyDataset: verifyKind(parts),
    findDuplicates: duplicatesKind(parts),
    buildIndex: buildIndexKind(parts),
    importModel: importKind(parts),
    exportModel: exportKind(parts),
  };
}

function trainKind({ db, training, runs, feed, changes }: JobKindParts): JobKind {
  return {
    slots(request) {
      const { runId } = parse(checks.trainJobSchema, request);
      const devices = getRunRecipe(db, runId)?.config.devices ?? ['cpu'];
      return [...new Set(devices)];
    },
    pausing: 'inPlace',
    setPaused(job, paused) {
      const { runId } = parse(checks.trainJobSchema, job.request);
      training.command(runId, { command: paused ? 'pause' : 'resume' });
    },
    discard(job) {
      const { runId } = parse(checks.trainJobSchema, job.request);
      const run = getRun(db, runId);
      // A run that was trained before only loses its place in the queue.
      if (run?.state === 'queued' && run.startedAt === null) runs.delete(runId);
      changes.tell('runs', runId);
    },
    async run(request, context) {
      const { runId } = parse(checks.trainJobSchema, request);
      const pace = new Pace();
      const told = new Throttle(runsToldEveryMs, () => changes.tell('runs', runId));
      let totalSteps = 0;
      const hear = (event: RunProgress) => {
        feed.notify(runId);
        if (event.event === 'run') totalSteps = event.totalSteps;
        if (event.event !== 'step') return told.flush();
        told.request();
        const { perSecond, remainingMs } = pace.measure(event.step, totalSteps);
        const progress = { phase: 'training', done: event.step, total: totalSteps, unit: 'steps' as const };
        context.progress({ ...progress, perSecond, remainingMs });
      };
      context.progress({ ...starting, phase: 'starting the engine', unit: 'steps' });
      try {
        const { state } = await training.train(runId, hear, context.signal);
        if (state === 'stopped') throw new AppError('CANCELLED', 'it was stopped');
      } finally {
        told.flush();
        feed.notify(runId);
      }
    },
  };
}

const starting = { done: 0, total: null, perSecond: null, remainingMs: null };

/** Tells counted progress with its speed. */
function counting(context: JobContext, phase: string, unit: 'images' | 'files' | 'bytes') {
  const pace = new Pace();
  context.progress({ ...starting, phase, unit });
  return (done: number, total: number | null) =>
    context.progress({ phase, done, total, unit, ...pace.measure(done, total) });
}

function evaluateKind({ evaluation, datasets, changes, threads, resolver, files }: JobKindParts): JobKind {
  return {
    slots: () => ['evaluation'],
    pausing: 'never',
    async run(request, context) {
      const { models, datasetId, split, crops, ties } = parse(checks.evaluateJobSchema, request);
      const dataset = datasets.byId(datasetId).name;
      const progress = counting(context, 'evaluating', 'images');
      for (const model of models) await files.free(resolver.runOf(model));
      const asked = { models, dataset, split, crops, ties, threads: threads() };
      try {
        const result = await evaluation.evaluate(asked, progress, context.signal);
        context.result(result.id);
      } finally {
        // Also what was stored before the rest was stopped.
        changes.tell('evaluations', null);
      }
    },
  };
}

function classifyKind({ sweeps, changes, threads, resolver, files }: JobKindParts): JobKind {
  return {
    slots: () => ['classification'],
    pausing: 'byStopping',
    async run(request, context) {
      const { sweepId } = parse(checks.classifyJobSchema, request);
      const pace = new Pace();
      context.progress({ ...starting, phase: 'starting the engine', unit: 'files' });
      const reference = sweeps.modelOf(sweeps.existing(sweepId));
      await files.free(resolver.runOf(reference));
      const told = new Throttle(runsToldEveryMs, () => changes.tell('predictions', sweepId));
      const skippedTold = new Throttle(500, () => context.skipped(failed));
      let failed = 0;
      try {
        await sweeps.run(sweepId, {
          threads: threads(),
          signal: context.signal,
          onProgress: ({ done, total, known, failed: bad }) => {
            // What was answered before says nothing of the speed.
            if (done === known) pace.restart();
            const speed = pace.measure(done, total);
            context.progress({ phase: 'classifying', done, total, unit: 'files', ...speed });
            if (bad !== failed) {
              failed = bad;
              skippedTold.request();
            }
            told.request();
          },
        });
      } finally {
        skippedTold.flush();
        told.flush();
      }
    },
  };
}

function sortKind({ sorting, changes }: JobKindParts): JobKind {
  return {
    slots: () => ['sorting'],
    pausing: 'byStopping',
    async run(request, context) {
      const { sortingId, undo } = parse(checks.sortJobSchema, request);
      const progress = counting(context, undo ? 'putting back' : 'sorting', 'files');
      try {
        if (undo) {
          const { total, done } = await sorting.undo(sortingId, progress, context.signal);
          context.skipped(total - done);
          return;
        }
        const { skipped, failed } = await sorting.apply(sortingId, progress, context.signal);
        context.skipped(skipped + failed);
      } finally {
        changes.tell('sortings', sortingId);
      }
    },
  };
}

function addDatasetKind({ db, datasets, demo, changes, packs }: JobKindParts): JobKind {
  return {
    slots: () => ['packing'],
    pausing: 'byStopping',
    async run(request, context) {
      const asked = parse(checks.addDatasetJobSchema, request);
      let id: string | undefined;
      let skipped = 0;
      const told = new Throttle(runsToldEveryMs, () => changes.tell('datasets', id ?? null));
      const skippedTold = new Throttle(500, () => context.skipped(skipped));
      const hear = (event: DatasetEvent) => {
        if (event.event === 'dataset') {
          id = event.id;
          context.subject(id);
          packs.forget(id);
          told.flush();
        } else if (event.event === 'progress') {
          const { split, done, total, imagesPerSecond } = event;
          const remainingMs = imagesPerSecond > 0 ? ((total - done) * 1000) / imagesPerSecond : null;
          const phase = split === 'train' ? 'packing the training images' : 'packing the validation images';
          context.progress({ phase, done, total, unit: 'images', perSecond: imagesPerSecond, remainingMs });
          told.request();
        } else if (event.event === 'skipped') {
          skipped++;
          skippedTold.request();
        }
      };
      try {
        const wanted =
          'sample' in asked
            ? demo.datasetRequest(
                await demo.drawPictures(counting(context, 'drawing pictures', 'images'), context.signal),
              )
            : asked;
        context.progress({ ...starting, phase: 'looking through the folders', unit: 'files' });
        const dataset: Dataset = await datasets.add(wanted, hear, context.signal);
        context.result(dataset.id);
      } finally {
        skippedTold.flush();
        told.flush();
        if (id !== undefined && getDataset(db, id) === undefined) packs.forget(id);
      }
    },
  };
}

function verifyKind({ datasets }: JobKindParts): JobKind {
  return {
    slots: () => ['packing'],
    pausing: 'never',
    async run(request, context) {
      const { datasetId } = parse(checks.datasetJobSchema, request);
      const { name, trainImages, valImages } = datasets.byId(datasetId);
      const progress = counting(context, 'reading every image', 'images');
      await datasets.verify(
        name,
        (split, done) => progress(split === 'train' ? done : trainImages + done, trainImages + valImages),
        context.signal,
      );
    },
  };
}

function duplicatesKind({ db, datasets, packs, changes, now }: JobKindParts): JobKind {
  return {
    slots: () => ['packing'],
    pausing: 'never',
    async run(request, context) {
      const { datasetId } = parse(checks.datasetJobSchema, request);
      const { dataset } = datasets.packs(datasets.byId(datasetId).name);
      const splits = (['train', ...(dataset.valImages > 0 ? (['val'] as const) : [])] as const).map(
        (split) => ({
          split,
          pack: packs.get(datasetId, split),
        }),
      );
      const progress = counting(context, 'comparing images', 'images');
      const groups = await findDuplicates(splits, progress, context.signal);
      await db.whenFree(() => storeDuplicates(db, datasetId, groups, now()));
      changes.tell('datasets', datasetId);
    },
  };
}

function buildIndexKind({ retrieval, changes }: JobKindParts): JobKind {
  return {
    slots: () => ['evaluation'],
    pausing: 'byStopping',
    async run(request, context) {
      const { indexId } = parse(checks.buildIndexJobSchema, request);
      const progress = counting(context, 'computing features', 'images');
      await retrieval.build(indexId, progress, context.signal);
      context.result(indexId);
      changes.tell('indexes', indexId);
    },
  };
}

function importKind(parts: JobKindParts): JobKind {
  const { models, datasets, changes } = parts;
  return {
    slots: () => ['model files'],
    pausing: 'never',
    async run(request, context) {
      context.progress({ ...starting, phase: 'reading the file', unit: 'bytes' });
      const { checkOn, ...asked } = parse(checks.importJobSchema, request);
      const model = await models.importFile(asked, context.signal);
      context.result(model.id);
      changes.tell('models', model.id);
      if (checkOn === undefined) return;
      const dataset = datasets.byId(checkOn);
      const progress = counting(context, `checking it on ${dataset.name}`, 'images');
      try {
        await checkModel(parts, model, dataset, progress, context.signal);
      } catch (error) {
        const { code, message } = toErrorReport(error);
        if (context.signal.aborted || code === 'INTERNAL') throw error;
        throw new AppError(code, `${model.name} is imported, but was not checked: ${message}`);
      }
    },
  };
}

/** Its errors where the data set's classes are the model's, kept as an evaluation where they are all in order. */
async function checkModel(
  { db, datasetChecker, changes, threads, now }: JobKindParts,
  model: Model,
  { name, valImages }: Dataset,
  onProgress: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const split = valImages > 0 ? 'val' : 'train';
  const asked = { model: model.name, dataset: name, split, threads: threads() } as const;
  const { images, top1Error, top5Error, matchedClasses, evaluation } = await datasetChecker.check(
    asked,
    onProgress,
    signal,
  );
  if (evaluation === null) {
    const check = { datasetName: name, images, top1Error, top5Error, matchedClasses, at: now() };
    await db.whenFree(() => keepModelCheck(db, model.id, check));
  } else changes.tell('evaluations', evaluation);
  changes.tell('models', model.id);
}

function exportKind({ models, resolver, files }: JobKindParts): JobKind {
  return {
    slots: () => ['model files'],
    pausing: 'never',
    async run(request, context) {
      context.progress({ ...starting, phase: 'writing the file', unit: 'bytes' });
      const { model, format, file } = parse(checks.exportJobSchema, request);
      await files.free(resolver.runOf(model));
      await models.exportFile({ model, format, out: file }, context.signal);
    },
  };
}
