// Handlers of new runs and runs.

import { setImmediate as giveWay } from 'node:timers/promises';
import type { StudioHandlers } from '../../api/contract.ts';
import { AppError } from '../../api/errors.ts';
import type { RunConfig } from '../../api/run-config.ts';
import type { Run } from '../../api/runs.ts';
import type { Command } from '../../api/training.ts';
import { getAugmentation } from '../../data/augmentations.ts';
import { listEvents } from '../../data/events.ts';
import { readCurve } from '../../data/metrics.ts';
import { pageRuns, runFacets } from '../../data/run-list.ts';
import { editRun } from '../../data/runs.ts';
import { planInit, withInitNet, withPreprocessing } from '../fine-tuning.ts';
import type { HandlerParts } from './parts.ts';

const layerCommands: ReadonlySet<Command['command']> = new Set(['setLayerRate', 'freeze', 'unfreeze']);
const valueCommands: ReadonlySet<Command['command']> = new Set([
  'setRate',
  'scaleRate',
  'setLayerRate',
  'colourNoise',
]);

/** The engine refuses in passing what does not fit; people are told at once. */
function checkCommand({ command, layer, value }: Command, layers: readonly string[]): void {
  if (layerCommands.has(command) && (layer === undefined || !layers.includes(layer))) {
    const message = layer === undefined ? `${command} needs a layer` : `this net has no layer ${layer}`;
    throw new AppError('INVALID_ARGUMENT', `${message}; there are ${layers.join(', ')}`, { field: 'layer' });
  }
  if (valueCommands.has(command) && (value === undefined || !Number.isFinite(value) || value < 0)) {
    throw new AppError('INVALID_ARGUMENT', `${command} needs a value of 0 or more`, { field: 'value' });
  }
}

export function configHandlers({
  presets,
  checker,
  datasets,
  settings,
  devices,
  probe,
  resolver,
  addon,
}: HandlerParts): StudioHandlers['config'] {
  const classesOf = (datasetId: string | undefined) =>
    datasetId === undefined ? undefined : datasets.byId(datasetId).classes;
  const withSettings = (config: RunConfig): RunConfig => {
    const { threads, keepLast } = settings.read();
    return {
      ...config,
      // Presets are of no machine: all of them name the processor.
      devices: [devices.preferred()],
      threads: config.threads === 0 ? threads : config.threads,
      checkpoints: { ...config.checkpoints, keepLast },
    };
  };
  return {
    presets: () => presets.list(),
    fromPreset: ({ preset, datasetId }) =>
      withSettings(
        presets.configure({ preset }, classesOf(datasetId) || presets.load(preset).config.net.classes),
      ),
    fromModel({ model, datasetId }) {
      const { net, preprocessing } = resolver.resolve(model);
      const request = withInitNet({ init: model }, resolver, presets);
      const config = presets.configure(request, classesOf(datasetId) || net.classes);
      return withSettings(withPreprocessing(config, preprocessing));
    },
    initPlan({ model, config, datasetId }) {
      const { labels } = datasets.packs(datasets.byId(datasetId).name);
      return { layers: planInit(addon(), resolver.resolve(model), config.net, labels) };
    },
    check: ({ config, datasetId }) => checker.check(config, datasetId),
    async measure({ config, datasetId }, signal) {
      const { train } = datasets.packs(datasets.byId(datasetId).name);
      const speed = await probe.measure(config, train, signal);
      checker.keepSpeed(config, speed.imagesPerSecond);
      return speed;
    },
  };
}

export function runsHandlers(parts: HandlerParts): StudioHandlers['runs'] {
  const { db, training, runs, reports, feed, inspector, liveKernels, queue, datasets, changes } = parts;
  const { demo, presets, settings } = parts;
  const jobOf = (id: string) => queue.findBySubject(id, ['train']);
  const begin = ({ id, name }: Pick<Run, 'id' | 'name'>) => {
    const jobId = queue.add({ kind: 'train', title: `Train ${name}`, request: { runId: id }, subject: id });
    changes.tell('runs', id);
    return { runId: id, jobId };
  };
  return {
    list: (request) => pageRuns(db, request),
    facets: () => runFacets(db),
    start({ datasetId, augmentation, ...request }) {
      const run = training.create({ dataset: datasets.byId(datasetId).name, ...request });
      const made = augmentation === undefined ? undefined : getAugmentation(db, augmentation);
      if (made !== undefined) editRun(db, run.id, { notes: `Augmentation settings: ${made.name}` });
      return begin(run);
    },
    startSample() {
      const dataset = demo.dataset();
      if (dataset === undefined)
        throw new AppError('DATASET_NOT_READY', 'the sample data set is not packed yet: make it first');
      const request = demo.trainRequest({ threads: settings.read().threads });
      const config = presets.configure(request, dataset.classes);
      return begin(training.create({ dataset: dataset.name, config, name: 'sample' }));
    },
    resume({ id, ...placement }) {
      const run = inspector.existing(id);
      const waiting = jobOf(id);
      if (waiting !== undefined) {
        throw new AppError('BUSY', `run ${run.name} is in the queue already`, { job: waiting.id });
      }
      if (run.state === 'finished') {
        throw new AppError(
          'RUN_NOT_RESUMABLE',
          `run ${run.name} has finished; start a new one from its weights`,
          { run: id },
        );
      }
      if (run.datasetId === null) {
        throw new AppError(
          'RUN_NOT_RESUMABLE',
          `data set ${run.datasetName} of run ${run.name} was removed`,
          {
            run: id,
          },
        );
      }
      datasets.packs(datasets.byId(run.datasetId).name);
      if (Object.keys(placement).length > 0) training.place(id, placement);
      const jobId = queue.add({
        kind: 'train',
        title: `Train ${run.name}`,
        request: { runId: id },
        subject: id,
      });
      return { jobId };
    },
    show: async ({ id }) => ({
      ...runs.describe(inspector.existing(id).id),
      checkpoints: await inspector.checkpoints(id),
      steerable: training.isTraining(id),
      sizeBytes: inspector.sizeBytes(id),
      jobId: jobOf(id)?.id ?? null,
    }),
    edit({ id, ...edit }) {
      editRun(db, id, edit);
      changes.tell('runs', id);
      return inspector.existing(id);
    },
    curve({ id, ...request }) {
      inspector.existing(id);
      return readCurve(db, id, request);
    },
    events({ id, ...page }) {
      inspector.existing(id);
      return listEvents(db, id, page);
    },
    checkpoints: ({ id }) => inspector.checkpoints(id),
    watch: (request, signal) => feed.watch(request, signal),
    steer({ id, command }) {
      checkCommand(
        command,
        inspector.recipe(id).config.net.layers.map((layer) => layer.name),
      );
      const job = jobOf(id);
      // Pausing belongs to the job too, whichever way it is asked for.
      if (command.command === 'pause' && job?.state === 'running') return queue.pause(job.id);
      if (command.command === 'resume' && job?.state === 'paused') return queue.resume(job.id);
      training.command(id, command);
    },
    compare({ ids, points }) {
      const known = ids.map((id) => inspector.existing(id).id);
      const { runs: compared, differences } = runs.compare(known);
      return { runs: compared, differences, curves: known.map((id) => readCurve(db, id, { points })) };
    },
    doctor: ({ id }) => inspector.doctor(id),
    report: ({ id, photos }) => reports.make(inspector.existing(id).id, { photos }),
    kernels: ({ id, checkpoint }) => inspector.kernels(id, checkpoint),
    liveKernels: ({ id }, signal) => liveKernels.watch(id, signal),
    kernelHistory: ({ id }) => inspector.kernelHistory(id),
    layers: ({ id, checkpoint }, signal) => inspector.layers(id, checkpoint, signal),
    removal: ({ ids }) => inspector.removal(ids),
    async delete({ ids }) {
      const blocked = (await inspector.removal(ids)).runs.find((run) => run.blocked !== '');
      if (blocked !== undefined) {
        throw new AppError('BUSY', `run ${blocked.name}: ${blocked.blocked}; nothing was deleted`, {
          run: blocked.id,
        });
      }
      for (const id of ids) {
        const job = jobOf(id);
        if (job !== undefined) queue.cancel(job.id);
        // Cancelling a run that never began has removed it.
        if (runs.exists(id)) runs.delete(id);
        await giveWay();
      }
      changes.tell('runs');
    },
    deleteCheckpoints: ({ id, checkpointIds }) => inspector.deleteCheckpoints(id, checkpointIds),
  };
}
