// Training: makes a run from a request, drives its engine host, stores what it tells before telling it on, and
// resumes.
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { nameSchema } from '../api/datasets.ts';
import { AppError } from '../api/errors.ts';
import type { ModelPreprocessing } from '../api/models.ts';
import { parseWith } from '../api/parse.ts';
import type { RunConfig } from '../api/run-config.ts';
import type { Run, RunProgress, RunRecipe } from '../api/runs.ts';
import type { Command } from '../api/training.ts';
import { findCheckpoint } from '../data/checkpoint-reader.ts';
import { type DataDirectory, runFile } from '../data/data-directory.ts';
import type { WritableDatabase } from '../data/database.ts';
import { getDataset } from '../data/datasets.ts';
import { listCommandsFrom } from '../data/events.ts';
import { newId } from '../data/ids.ts';
import { openCheckpointReader } from '../data/open-database.ts';
import { deleteRun, getRunInit, getRunRecipe, insertRun, updateRunConfig } from '../data/runs.ts';
import type { Addon } from '../engine/addon.ts';
import type { SpawnHost } from '../engine/client.ts';
import type { TrainJob } from '../engine/protocol.ts';
import type { DatasetPacks, DatasetService } from './datasets.ts';
import type { DeviceService } from './devices.ts';
import {
  frozen,
  layersToLoad,
  type PreprocessingChoice,
  planInit,
  takeOver,
  withInitNet,
  withPreprocessing,
} from './fine-tuning.ts';
import { meanImageFile, relativeMeanImage, writeMeanImage } from './mean-image.ts';
import { byId, type ModelResolver } from './model-resolver.ts';
import type { ConfigRequest, Presets } from './presets.ts';
import { resolveRun } from './run-reference.ts';
import { type LookedTensor, TrainingSession } from './training-session.ts';

export interface TrainRequest extends ConfigRequest {
  dataset: string;
  /** A model whose weights it starts from. Without a preset the net is the model's, too. */
  init?: string;
  /** Whose mean and gain pixels take; a run that starts from a model takes the model's by default. */
  preprocessing?: PreprocessingChoice;
  /** Layers that do not learn. */
  freeze?: readonly string[];
  /** What to call the run. */
  name?: string;
}

/** Where and how a run computes; the weights do not depend on it beyond rounding. */
export type Placement = Partial<Pick<RunConfig, 'devices' | 'parallelism' | 'precision' | 'threads'>>;

/** A run with its complete configuration. */
export interface CreateRequest {
  dataset: string;
  config: RunConfig;
  init?: string;
  preprocessing?: PreprocessingChoice;
  name?: string;
}

export interface TrainingParts {
  db: WritableDatabase;
  directory: DataDirectory;
  datasets: DatasetService;
  presets: Presets;
  devices: DeviceService;
  models: ModelResolver;
  spawnHost: SpawnHost;
  addon: () => Addon;
  /** Ms UTC. */
  now: () => number;
}

export class TrainingService {
  readonly #parts: TrainingParts;
  readonly #sessions = new Map<string, TrainingSession>();

  constructor(parts: TrainingParts) {
    this.#parts = parts;
  }

  /**
   * Trains to the end, or until `signal` stops it with a checkpoint. Throws before a run exists where the
   * request cannot be (NOT_FOUND, INVALID_CONFIG, INVALID_SPEC, DEVICE_UNAVAILABLE, ...); afterwards DIVERGED
   * and whatever ended the engine, the run's state saying the same.
   */
  async start(
    request: TrainRequest,
    onEvent: (event: RunProgress) => void,
    signal?: AbortSignal,
  ): Promise<Run> {
    const packs = this.#parts.datasets.packs(request.dataset);
    const { presets, models } = this.#parts;
    const begun = withInitNet(request, models, presets);
    const config = frozen(presets.configure(begun, packs.labels.length), request.freeze ?? []);
    const run = this.create({ ...request, config });
    return await this.#drive(run.id, this.#firstJobOf(run), onEvent, signal);
  }

  /** Where it cannot be, as without the checkpoint that it was to start from, nobody waits for the run. */
  #firstJobOf(run: Run): TrainJob {
    const { db, directory } = this.#parts;
    try {
      return this.#jobOf(run, false);
    } catch (error) {
      deleteRun(db, run.id);
      rmSync(meanImageFile(directory, run.id), { force: true });
      throw error;
    }
  }

  /** A run that waits to be trained, state `queued`. Throws as start() does before there is a run. */
  create(request: CreateRequest): Run {
    const { db, directory, datasets, models, addon, now } = this.#parts;
    const packs = datasets.packs(request.dataset);
    const init = request.init === undefined ? undefined : models.resolve(request.init);
    const taken = request.preprocessing === 'dataset' ? undefined : init?.preprocessing;
    const config = taken === undefined ? request.config : withPreprocessing(request.config, taken);
    if (config.net.classes !== packs.labels.length) {
      throw new AppError(
        'INVALID_CONFIG',
        `net.classes is ${config.net.classes}, but data set ${packs.dataset.name} has ${packs.labels.length} classes`,
        { field: 'net.classes' },
      );
    }
    this.check(config);
    if (init !== undefined) layersToLoad(planInit(addon(), init, config.net, packs.labels), init.title);
    const name =
      request.name === undefined
        ? `${config.preset} on ${packs.dataset.name}`
        : parseWith(nameSchema, request.name, `the name ${JSON.stringify(request.name)}`, 'INVALID_NAME');
    const id = newId();
    const meanFile = meanImageFile(directory, id);
    const preprocessing =
      taken === undefined
        ? this.#preprocessing(id, config, packs)
        : takeOver(taken, meanFile, relativeMeanImage('runs', meanFile));
    try {
      insertRun(db, {
        id,
        name,
        datasetId: packs.dataset.id,
        datasetName: packs.dataset.name,
        preset: config.preset,
        config,
        labels: packs.labels,
        preprocessing,
        init: request.init ?? '',
        ...(init === undefined ? {} : { initById: byId(init) }),
        createdAt: now(),
      });
    } catch (error) {
      rmSync(meanFile, { force: true });
      throw error;
    }
    return resolveRun(db, id);
  }

  /** Whether a configuration can be trained here. Throws INVALID_CONFIG, INVALID_SPEC, DEVICE_UNAVAILABLE. */
  check(config: RunConfig): void {
    this.#parts.addon().checkConfig(JSON.stringify(config));
    this.#parts.devices.check(config);
  }

  /**
   * Lets a run that nobody trains go on elsewhere from now on, e.g. on the CPU after its GPU was lost. Throws
   * NOT_FOUND, BUSY, DEVICE_UNAVAILABLE, INVALID_CONFIG.
   */
  place(reference: string, placement: Placement): void {
    const { db } = this.#parts;
    // Another process may be about to train it.
    db.transaction(() => {
      const run = resolveRun(db, reference);
      const recipe = getRunRecipe(db, run.id);
      if (run.state === 'running' || run.state === 'paused')
        throw new AppError('BUSY', `run ${run.name} is being trained; stop it first`, { run: run.id });
      if (recipe === undefined)
        throw new AppError('RUN_NOT_RESUMABLE', `run ${run.name} has no configuration`, { run: run.id });
      const config = { ...recipe.config, ...placement };
      this.check(config);
      updateRunConfig(db, run.id, config);
    });
  }

  /** Goes on from the newest checkpoint. Throws NOT_FOUND, BUSY, RUN_NOT_RESUMABLE, and as start() does. */
  async resume(reference: string, onEvent: (event: RunProgress) => void, signal?: AbortSignal): Promise<Run> {
    const run = resolveRun(this.#parts.db, reference);
    return await this.#drive(run.id, this.#jobOf(run, true), onEvent, signal);
  }

  /** A run that create() made from its beginning, and any other from its newest checkpoint. */
  async train(id: string, onEvent: (event: RunProgress) => void, signal?: AbortSignal): Promise<Run> {
    const run = resolveRun(this.#parts.db, id);
    return await this.#drive(run.id, this.#jobOf(run, run.startedAt !== null), onEvent, signal);
  }

  /** Whether this process trains it and can steer it. */
  isTraining(runId: string): boolean {
    return this.#sessions.has(runId);
  }

  /** Steers a run that this process trains. Throws NOT_FOUND where it trains no such run. */
  command(runId: string, command: Command): void {
    this.#session(runId).command(command);
  }

  #session(runId: string): TrainingSession {
    const session = this.#sessions.get(runId);
    if (session === undefined) throw new AppError('NOT_FOUND', `run ${runId} is not being trained here`);
    return session;
  }

  /**
   * A tensor of a run that this process trains, as it is between two steps; undefined where none could be had within
   * `patienceMs`. Throws NOT_FOUND where it trains no such run.
   */
  async look(runId: string, tensor: string, patienceMs: number): Promise<LookedTensor | undefined> {
    return await this.#session(runId).look(tensor, patienceMs);
  }

  /** Ends every run of this process at once; they can be resumed. */
  async close(): Promise<void> {
    const sessions = [...this.#sessions.values()];
    for (const session of sessions) session.kill();
    await Promise.allSettled(sessions.map((session) => session.ended));
  }

  async #drive(
    id: string,
    job: TrainJob,
    onEvent: (event: RunProgress) => void,
    signal: AbortSignal | undefined,
  ): Promise<Run> {
    const { db, spawnHost, now } = this.#parts;
    const session = new TrainingSession({ db, spawnHost, now }, id, job, onEvent);
    this.#sessions.set(id, session);
    const stop = () => session.command({ command: 'stop' });
    signal?.addEventListener('abort', stop);
    if (signal?.aborted) stop();
    try {
      return await session.ended;
    } finally {
      signal?.removeEventListener('abort', stop);
      this.#sessions.delete(id);
    }
  }

  #jobOf(run: Run, resume: boolean): TrainJob {
    const { db, directory, datasets } = this.#parts;
    const recipe = getRunRecipe(db, run.id);
    const dataset = run.datasetId === null ? undefined : getDataset(db, run.datasetId);
    if (recipe === undefined || dataset === undefined) {
      throw new AppError(
        'RUN_NOT_RESUMABLE',
        `data set ${run.datasetName} of run ${run.name} was removed; the run can be evaluated, but not continued`,
        { run: run.id },
      );
    }
    const packs = datasets.packs(dataset.name);
    const job = { ...this.#job(run.id, recipe.config, packs), ...this.#inputOf(run, recipe.preprocessing) };
    // Without a checkpoint it begins again, from the same weights as the first time.
    const begun = resume && newestStep(runFile(directory, run.id)) !== undefined;
    const init = run.init !== '' && !begun ? { init: this.#initOf(run, recipe) } : {};
    if (!resume) return { ...job, ...init };
    const replay = listCommandsFrom(db, run.id, 0).map(({ kind: _kind, ...command }) => command);
    return { ...job, resume: true, replay, ...init };
  }

  #initOf(run: Run, { config, labels }: RunRecipe): NonNullable<TrainJob['init']> {
    const { models, addon } = this.#parts;
    const init = models.resolve(getRunInit(this.#parts.db, run.id));
    return {
      model: init.source,
      layers: layersToLoad(planInit(addon(), init, config.net, labels), init.title),
    };
  }

  /** A run that started from a model may see pixels as the model does; what it sees is kept with it. */
  #inputOf(run: Run, preprocessing: ModelPreprocessing): Pick<TrainJob, 'preprocessing'> {
    if (run.init === '') return {};
    const { meanImageFile: file } = preprocessing;
    const whole =
      file === undefined
        ? preprocessing
        : { ...preprocessing, meanImageFile: join(this.#parts.directory.root, file) };
    return { preprocessing: whole };
  }

  #job(id: string, config: RunConfig, packs: DatasetPacks): TrainJob {
    return {
      kind: 'train',
      configJson: JSON.stringify(config),
      trainPack: packs.train,
      validationPack: packs.val ?? '',
      checkpointFile: runFile(this.#parts.directory, id),
      keepLast: config.checkpoints.keepLast,
      resume: false,
      replay: [],
    };
  }

  /** What the run's net wants of pixels, the mean image in a file of the run's own. */
  #preprocessing(id: string, config: RunConfig, packs: DatasetPacks): ModelPreprocessing {
    const { mean, meanFollowsCrop, gain } = config.augmentation;
    const common = {
      cropSize: config.net.inputSize,
      mean,
      meanFollowsCrop,
      gain: [gain, gain, gain] as [number, number, number],
    };
    if (mean === 'none') return common;
    const pack = this.#parts.addon().openPack(packs.train);
    try {
      if (mean === 'rgb') {
        const [r = 0, g = 0, b = 0] = pack.statistics.meanRgb;
        return { ...common, meanRgb: [r, g, b] };
      }
      const image = pack.meanImage();
      const file = meanImageFile(this.#parts.directory, id);
      writeMeanImage(file, new Uint8Array(image.buffer, image.byteOffset, image.byteLength));
      return { ...common, meanImageFile: relativeMeanImage('runs', file) };
    } finally {
      pack.close();
    }
  }
}

function newestStep(file: string): number | undefined {
  if (!existsSync(file)) return undefined;
  const db = openCheckpointReader(file);
  try {
    return findCheckpoint(db, 'last')?.step;
  } finally {
    db.close();
  }
}
