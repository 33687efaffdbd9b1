// What a run's checkpoints and numbers show: kernels, layers, the doctor's findings, what deleting it frees.
import { statSync } from 'node:fs';
import { AppError } from '../api/errors.ts';
import { imageUrls } from '../api/image-urls.ts';
import type {
  Finding,
  KernelHistory,
  Kernels,
  LayerStatistics,
  RunLayers,
  RunRemoval,
  WhichCheckpoint,
} from '../api/operations/runs.ts';
import type { Checkpoint, Run, RunRecipe } from '../api/runs.ts';
import { pruneToCheckpoints } from '../data/checkpoint-file.ts';
import { findCheckpoint, openCheckpointTensors } from '../data/checkpoint-reader.ts';
import type { ReadableDatabase } from '../data/database.ts';
import { countEvaluationsOfRun } from '../data/evaluations.ts';
import {
  firstKernels,
  type KeptKernels,
  listKernelHistory,
  readKeptKernels,
} from '../data/kernel-history.ts';
import { lastMetric, readCurve } from '../data/metrics.ts';
import { openCheckpointFile } from '../data/open-database.ts';
import { getRun, getRunRecipe } from '../data/runs.ts';
import { bytesPerValue, type TensorSource, valueCount } from '../data/tensor-source.ts';
import type { CheckpointFiles } from './checkpoint-files.ts';
import { columnColourShares } from './colour-share.ts';
import { diagnose } from './doctor.ts';
import { drawKernels, type KernelTiles, layTiles } from './kernel-picture.ts';
import { readLayerStatistics } from './layer-statistics.ts';

const statisticsKept = 20;
const doctorsPoints = 500;

export class RunInspector {
  readonly #db: ReadableDatabase;
  readonly #files: CheckpointFiles;
  /** By run and checkpoint; the oldest first. */
  readonly #layers = new Map<string, LayerStatistics[]>();

  constructor(db: ReadableDatabase, files: CheckpointFiles) {
    this.#db = db;
    this.#files = files;
  }

  /** Throws NOT_FOUND. */
  existing(id: string): Run {
    const run = getRun(this.#db, id);
    if (run === undefined) throw new AppError('NOT_FOUND', 'this run does not exist any more', { run: id });
    return run;
  }

  recipe(id: string): RunRecipe {
    const recipe = getRunRecipe(this.#db, id);
    if (recipe === undefined)
      throw new AppError('NOT_FOUND', 'this run does not exist any more', { run: id });
    return recipe;
  }

  /** Of the checkpoint file; 0 where there is none. */
  sizeBytes(id: string): number {
    return statSync(this.#files.path(id), { throwIfNoEntry: false })?.size ?? 0;
  }

  async checkpoints(id: string): Promise<Checkpoint[]> {
    this.existing(id);
    return await this.#files.list(id);
  }

  /** Throws NOT_FOUND where there is no such checkpoint. */
  async kernels(id: string, which: WhichCheckpoint): Promise<Kernels> {
    const checkpoint = await this.#checkpoint(id, which);
    const { layer, tiles } = await this.#files.read(id, (db) =>
      this.#tiles(id, openCheckpointTensors(db, checkpoint.id)),
    );
    return { checkpoint, layer, ...tiles, image: imageUrls.kernels(id, checkpoint.id) };
  }

  /** RGB bytes. Throws NOT_FOUND. */
  async kernelPicture(id: string, checkpointId: number): Promise<{ tiles: KernelTiles; pixels: Uint8Array }> {
    this.existing(id);
    return await this.#files.read(id, (db) => {
      const source = openCheckpointTensors(db, checkpointId);
      const { layer, tiles } = this.#tiles(id, source);
      const bytes = source.read(`${layer}.weight`, 0, tiles.kernels * 3 * tiles.size * tiles.size);
      const weights = new Float32Array(bytes.slice().buffer, 0, bytes.byteLength / bytesPerValue);
      return { tiles, pixels: drawKernels(weights, tiles) };
    });
  }

  /** By step. Throws NOT_FOUND where nothing is kept yet. */
  async kernelHistory(id: string): Promise<KernelHistory> {
    const run = this.existing(id);
    const checkpoints = await this.#files.list(id);
    const newest = checkpoints.at(-1);
    if (newest === undefined)
      throw new AppError(
        'NOT_FOUND',
        `run ${run.name} has no checkpoint yet; its kernels are kept with them`,
      );
    return await this.#files.read(id, (db) => {
      const { layer, tiles } = this.#tiles(id, openCheckpointTensors(db, newest.id));
      const steps = new Map(
        [...listKernelHistory(db), ...checkpoints].map(({ step, epoch }) => [step, epoch] as const),
      );
      const points = [...steps]
        .sort(([a], [b]) => a - b)
        .map(([step, epoch]) => {
          const colourShare = columnColourShares(this.#kernelsAt(db, id, step).weights, tiles);
          return { step, epoch, image: imageUrls.kernelsAt(id, step), colourShare };
        });
      const { kernels, size, columns, perRow, width, height } = tiles;
      return { layer, kernels, size, columns, perRow, width, height, points };
    });
  }

  /** RGB bytes. Throws NOT_FOUND. */
  async kernelPictureAt(id: string, step: number): Promise<{ tiles: KernelTiles; pixels: Uint8Array }> {
    this.existing(id);
    return await this.#files.read(id, (db) => {
      const { weights, tiles } = this.#kernelsAt(db, id, step);
      return { tiles, pixels: drawKernels(weights, tiles) };
    });
  }

  /** What was kept of the step, or its checkpoint's. Throws NOT_FOUND. */
  #kernelsAt(db: ReadableDatabase, id: string, step: number): { weights: Float32Array; tiles: KernelTiles } {
    const { columns } = this.recipe(id).config.net;
    const kept = readKeptKernels(db, step) ?? this.#kernelsOfCheckpoint(db, step);
    const [kernels = 0, , size = 0] = kept?.shape ?? [];
    if (kept === undefined || kernels === 0)
      throw new AppError('NOT_FOUND', `the kernels of step ${step} were not kept`, { run: id });
    const weights = new Float32Array(kept.bytes.slice().buffer, 0, kept.bytes.byteLength / bytesPerValue);
    return { weights, tiles: layTiles(kernels, size, columns) };
  }

  #kernelsOfCheckpoint(db: ReadableDatabase, step: number): KeptKernels | undefined {
    const checkpoint = findCheckpoint(db, step);
    if (checkpoint === undefined) return undefined;
    const source = openCheckpointTensors(db, checkpoint.id);
    const tensor = firstKernels(source.tensors);
    if (tensor === undefined) return undefined;
    return { shape: tensor.shape, bytes: source.read(tensor.name, 0, valueCount(tensor.shape)) };
  }

  async layers(id: string, which: WhichCheckpoint, signal: AbortSignal): Promise<RunLayers> {
    const checkpoint = await this.#checkpoint(id, which);
    const key = `${id}/${checkpoint.id}`;
    const known = this.#layers.get(key);
    if (known !== undefined) return { checkpoint, layers: known };
    const layers = await this.#files.read(id, (db) =>
      readLayerStatistics(openCheckpointTensors(db, checkpoint.id), signal),
    );
    this.#layers.set(key, layers);
    for (const oldest of this.#layers.keys()) {
      if (this.#layers.size <= statisticsKept) break;
      this.#layers.delete(oldest);
    }
    return { checkpoint, layers };
  }

  doctor(id: string): Finding[] {
    const run = this.existing(id);
    const { config, labels } = this.recipe(id);
    // The last steps tell how it is now; what came before them, the validations.
    const fromStep = Math.max(1, run.step - doctorsPoints + 1);
    return diagnose({
      run,
      curve: readCurve(this.#db, id, { points: doctorsPoints, fromStep }),
      classes: labels.length,
      columns: config.net.columns,
      devices: config.devices,
      learningRate: lastMetric(this.#db, id)?.learningRate ?? config.optimiser.learningRate,
    });
  }

  async removal(ids: readonly string[]): Promise<RunRemoval> {
    const runs: RunRemoval['runs'] = [];
    for (const id of ids) {
      const run = this.existing(id);
      const trains = run.state === 'running' || run.state === 'paused';
      runs.push({
        id,
        name: run.name,
        sizeBytes: this.sizeBytes(id),
        // Opening thousands of files only to count would take minutes.
        checkpoints: ids.length > 50 ? 0 : (await this.#files.list(id)).length,
        evaluations: countEvaluationsOfRun(this.#db, id),
        blocked: trains ? 'it is being trained; stop it first' : '',
      });
    }
    return { runs, sizeBytes: runs.reduce((sum, run) => sum + run.sizeBytes, 0) };
  }

  /** Removes checkpoints and gives their space back. Throws NOT_FOUND, BUSY while it trains. */
  async deleteCheckpoints(id: string, checkpointIds: readonly number[]): Promise<Checkpoint[]> {
    const run = this.existing(id);
    if (run.state === 'running' || run.state === 'paused') {
      throw new AppError('BUSY', `run ${run.name} is being trained; stop it first`, { run: id });
    }
    const known = await this.checkpoints(id);
    const missing = checkpointIds.find((one) => !known.some((checkpoint) => checkpoint.id === one));
    if (missing !== undefined) {
      throw new AppError('NOT_FOUND', `run ${run.name} has no checkpoint ${missing} any more`, { run: id });
    }
    const db = openCheckpointFile(this.#files.path(id));
    try {
      await pruneToCheckpoints(
        db,
        known.map((checkpoint) => checkpoint.id).filter((one) => !checkpointIds.includes(one)),
      );
    } finally {
      db.close();
    }
    return await this.checkpoints(id);
  }

  async #checkpoint(id: string, which: WhichCheckpoint): Promise<Checkpoint> {
    const run = this.existing(id);
    const list = await this.#files.list(id);
    const found = list.findLast(
      ({ best, step }) => which === 'last' || (which === 'best' ? best : step === which),
    );
    if (found !== undefined) return found;
    const none = `run ${run.name} has no checkpoint yet; "checkpoint now" makes one`;
    const message = list.length === 0 ? none : `run ${run.name} has no checkpoint ${which}`;
    throw new AppError('NOT_FOUND', message, { run: id });
  }

  #tiles(id: string, source: TensorSource): { layer: string; tiles: KernelTiles } {
    const { net } = this.recipe(id).config;
    const layer = net.layers[0]?.name ?? '';
    const shape = source.tensors.find(({ name }) => name === `${layer}.weight`)?.shape ?? [];
    const [kernels = 0, channels, size = 0] = shape;
    if (shape.length !== 4 || channels !== 3) {
      throw new AppError(
        'NOT_FOUND',
        'the first layer of this net is no convolution: it has no kernels to show',
      );
    }
    return { layer, tiles: layTiles(kernels, size, net.columns) };
  }
}
