// Adds a data set: plans it, packs each split in an engine host, keeps what became of every file, stores the
// statistics. Stopped at any moment, the same call continues.
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type {
  Dataset,
  DatasetClass,
  DatasetEvent,
  DatasetSource,
  PackStatistics,
  SkippedFile,
  Split,
} from '../api/datasets.ts';
import { AppError, type ErrorCode, toErrorReport } from '../api/errors.ts';
import { type DataDirectory, datasetFolder, fromFileSystem } from '../data/data-directory.ts';
import type { WritableDatabase } from '../data/database.ts';
import { findDataset, finishDataset, getDataset, insertDataset, setDatasetState } from '../data/datasets.ts';
import { newId } from '../data/ids.ts';
import { clearSplit, insertImages, insertSkippedFiles, type NewImage } from '../data/images.ts';
import { takeLock } from '../data/process-lock.ts';
import type { Addon } from '../engine/addon.ts';
import { EngineHost, type SpawnHost } from '../engine/client.ts';
import { readPackResults } from './pack-results.ts';
import { type DatasetPlan, type PlannedSplit, planDataset, writePlan } from './plan.ts';

export interface DatasetBuilderParts {
  db: WritableDatabase;
  directory: DataDirectory;
  spawnHost: SpawnHost;
  addon: () => Addon;
  /** What people call a class folder. */
  className: (folder: string) => string;
  /** Ms UTC. */
  now: () => number;
}

/** After these the same call may go on: what is packed is kept, and nothing is wrong with the photos. */
const resumable: ReadonlySet<ErrorCode> = new Set([
  'CANCELLED',
  'DISK_FULL',
  'IO',
  'ENGINE_DIED',
  'ENGINE_MISSING',
]);

const rowsAtOnce = 5000;

export function packFile(folder: string, split: Split): string {
  return join(folder, `${split}.pack`);
}

/**
 * Keeps other processes from packing or removing a data set whose packs are not whole, until the function that is
 * returned is called; its folder is made where it is missing. Throws BUSY, DISK_FULL, IO.
 */
export function lockDataset(
  db: WritableDatabase,
  directory: DataDirectory,
  { id, name }: Pick<Dataset, 'id' | 'name'>,
): () => void {
  const folder = datasetFolder(directory, id);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fromFileSystem(error, folder, 'making the folder');
  }
  return takeLock(db, join(folder, 'lock'), `data set ${name}`);
}

function removedMeanwhile(): AppError {
  return new AppError('NOT_FOUND', 'the data set was removed while it was packed');
}

export class DatasetBuilder {
  readonly #parts: DatasetBuilderParts;

  constructor(parts: DatasetBuilderParts) {
    this.#parts = parts;
  }

  /**
   * Packs a new data set, or goes on with one of that name from the same folders. Throws NAME_TAKEN, BUSY,
   * what planDataset and the engine throw, and CANCELLED.
   */
  async add(
    name: string,
    source: DatasetSource,
    onEvent: (event: DatasetEvent) => void,
    signal?: AbortSignal,
  ): Promise<Dataset> {
    this.#continued(name, source);
    const plan = await this.#plan(source, signal);
    const { db, directory, now } = this.#parts;
    // Looked up again: planning may have taken a while.
    const existing = this.#continued(name, source);
    const id = existing?.id ?? newId();
    if (existing === undefined)
      await db.whenFree(() => insertDataset(db, { id, name, source, createdAt: now() }));
    const folder = datasetFolder(directory, id);
    const unlock = await db.whenFree(() => {
      // Another process may have packed it to the end by now, or removed it.
      if (this.#continued(name, source)?.id !== id) throw removedMeanwhile();
      return lockDataset(db, directory, { id, name });
    });
    try {
      await db.whenFree(() => setDatasetState(db, id, { state: 'packing', updatedAt: now() }));
      onEvent({ event: 'dataset', id, name, resumed: existing !== undefined });
      return await this.#pack(id, folder, plan, onEvent, signal);
    } catch (error) {
      const { code, message } = toErrorReport(error);
      const state = resumable.has(code) ? 'packing' : 'failed';
      const reason = code === 'CANCELLED' ? '' : message;
      await db.whenFree(() => setDatasetState(db, id, { state, reason, updatedAt: now() }));
      throw error;
    } finally {
      unlock();
    }
  }

  /** The unfinished data set to go on with, if any. Throws NAME_TAKEN. */
  #continued(name: string, source: DatasetSource): Dataset | undefined {
    const existing = findDataset(this.#parts.db, name);
    if (existing === undefined) return undefined;
    if (existing.state === 'ready') {
      throw new AppError('NAME_TAKEN', `there is a data set named ${name} already; choose another name`, {
        name,
      });
    }
    const keys = [
      'trainFolder',
      'trainLabelsFile',
      'valFolder',
      'valLabelsFile',
      'devkitMapFile',
      'valFraction',
    ] as const;
    if (keys.some((key) => existing.source[key] !== source[key])) {
      throw new AppError(
        'NAME_TAKEN',
        `data set ${name} is unfinished and comes from other folders (${existing.source.trainFolder}); choose ` +
          `another name, or remove it first`,
        { name },
      );
    }
    return existing;
  }

  async #plan(source: DatasetSource, signal: AbortSignal | undefined): Promise<DatasetPlan> {
    try {
      return await planDataset(source, signal);
    } catch (error) {
      if (signal?.aborted) throw new AppError('CANCELLED', 'stopped before anything was packed');
      throw error;
    }
  }

  async #pack(
    id: string,
    folder: string,
    plan: DatasetPlan,
    onEvent: (event: DatasetEvent) => void,
    signal: AbortSignal | undefined,
  ): Promise<Dataset> {
    const { db, now } = this.#parts;
    const classes: DatasetClass[] = plan.classes.map((className, label) => ({
      label,
      folder: className,
      name: this.#parts.className(className),
      trainImages: 0,
      valImages: 0,
    }));
    const packed: Record<Split, number> = { train: 0, val: 0 };
    let skipped = 0;
    let sizeBytes = 0;
    for (const split of plan.splits) {
      const resultFile = join(folder, `${split.split}.result.jsonl`);
      await this.#packSplit(split, folder, resultFile, plan.classes.length, onEvent, signal);
      if (isGone(split)) {
        // What could not be read since then is not to blame: the split is packed again.
        for (const file of [packFile(folder, split.split), resultFile]) rmSync(file, { force: true });
        throw new AppError(
          'IO',
          `the photos in ${split.root} were gone before they were all read; put their disk or folder back, then go on`,
          { path: split.root },
        );
      }
      const counts = await this.#storeFiles(id, split, resultFile, onEvent, (image) => {
        const of = classes[image.label];
        if (of !== undefined) of[split.split === 'train' ? 'trainImages' : 'valImages']++;
      });
      if (counts.images === 0) throw nothingReadable(split, counts.skipped);
      packed[split.split] = counts.images;
      skipped += counts.skipped;
      sizeBytes += statSync(packFile(folder, split.split)).size;
    }
    refuseTooFewClasses(classes);
    const statistics = this.#statistics(packFile(folder, 'train'));
    await db.whenFree(() =>
      finishDataset(db, id, {
        classes,
        trainImages: packed.train,
        valImages: packed.val,
        statistics,
        sizeBytes,
        updatedAt: now(),
      }),
    );
    for (const { split } of plan.splits) {
      for (const ending of ['plan', 'result'])
        rmSync(join(folder, `${split}.${ending}.jsonl`), { force: true });
    }
    const dataset = getDataset(db, id);
    if (dataset === undefined) throw removedMeanwhile();
    const images = packed.train + packed.val;
    onEvent({ event: 'done', found: images + skipped, packed: images, skipped, dataset });
    return dataset;
  }

  async #packSplit(
    split: PlannedSplit,
    folder: string,
    resultFile: string,
    classes: number,
    onEvent: (event: DatasetEvent) => void,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const planFile = join(folder, `${split.split}.plan.jsonl`);
    await writePlan(split, planFile).catch((error: unknown) => {
      throw fromFileSystem(error, planFile, 'writing the plan');
    });
    const found = split.files.length + split.skipped.length;
    const options = {
      planPath: planFile,
      packPath: packFile(folder, split.split),
      resultPath: resultFile,
      classes,
      threads: 0,
    };
    if (signal?.aborted) throw new AppError('CANCELLED', 'stopped; the same command continues');
    const host = new EngineHost(
      this.#parts.spawnHost,
      { kind: 'pack', options },
      {
        packProgress: ({ progress }) =>
          onEvent({
            event: 'progress',
            split: split.split,
            done: progress.done + split.skipped.length,
            total: found,
            packed: progress.packed,
            skipped: progress.skipped + split.skipped.length,
            imagesPerSecond: progress.imagesPerSecond,
          }),
      },
    );
    const cancel = () => host.cancel();
    signal?.addEventListener('abort', cancel);
    try {
      await host.ended;
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  /** Stores what became of each file of a split, in batches, then tells of the skipped ones. */
  async #storeFiles(
    id: string,
    split: PlannedSplit,
    resultFile: string,
    onEvent: (event: DatasetEvent) => void,
    onImage: (image: NewImage) => void,
  ): Promise<{ images: number; skipped: number }> {
    const { db } = this.#parts;
    await db.whenFree(() => clearSplit(db, id, split.split));
    const counts = { images: 0, skipped: 0 };
    let images: NewImage[] = [];
    let skipped: SkippedFile[] = [];
    const flush = async () => {
      await db.whenFree(() => {
        insertImages(db, id, split.split, images);
        insertSkippedFiles(db, id, skipped);
      });
      counts.images += images.length;
      counts.skipped += skipped.length;
      for (const image of images) onImage(image);
      for (const file of skipped) onEvent({ event: 'skipped', ...file });
      images = [];
      skipped = [];
    };
    for (const file of split.skipped) skipped.push({ split: split.split, ...file });
    for await (const file of readPackResults(split, resultFile)) {
      if ('image' in file) images.push(file.image);
      else skipped.push(file.skipped);
      if (images.length + skipped.length >= rowsAtOnce) await flush();
    }
    await flush();
    return counts;
  }

  #statistics(path: string): PackStatistics {
    const pack = this.#parts.addon().openPack(path);
    try {
      const { meanRgb, covariance, eigenvalues, eigenvectors } = pack.statistics;
      return {
        meanRgb: [...meanRgb],
        covariance: [...covariance],
        eigenvalues: [...eigenvalues],
        eigenvectors: [...eigenvectors],
      };
    } finally {
      pack.close();
    }
  }
}

/** Whether the folder was taken away: a disk that is pulled out leaves its empty mount point. */
function isGone({ root, files }: PlannedSplit): boolean {
  const some = [files[0], files[files.length >> 1], files.at(-1)];
  return some.every((file) => file === undefined || !existsSync(join(root, file.path)));
}

/** No pack is written of nothing. */
function nothingReadable({ split, root }: PlannedSplit, skipped: number): AppError {
  const what = split === 'train' ? 'training' : 'validation';
  return new AppError(
    'EMPTY_DATASET',
    `none of the ${skipped} ${what} files in ${root} could be read as a photo; the list of files that were left out says why`,
    { path: root },
  );
}

function refuseTooFewClasses(classes: readonly DatasetClass[]): void {
  const usable = classes.filter((c) => c.trainImages > 0).length;
  if (usable >= 2) return;
  throw new AppError(
    'EMPTY_DATASET',
    'photos of only one class could be read; at least two are needed, and the list of files that were left out says why',
  );
}
