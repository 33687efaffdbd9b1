// Data sets: add, list, show, verify, remove.
import { existsSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setImmediate as giveWay } from 'node:timers/promises';
import {
  type Dataset,
  type DatasetDetail,
  type DatasetEvent,
  type DatasetSource,
  nameSchema,
  type SkippedFile,
  type Split,
} from '../api/datasets.ts';
import { AppError } from '../api/errors.ts';
import { parseWith } from '../api/parse.ts';
import { datasetFolder, fromFileSystem } from '../data/data-directory.ts';
import {
  deleteDataset,
  findDataset,
  getDataset,
  listClasses,
  listDatasets,
  setDatasetState,
} from '../data/datasets.ts';
import { countSkippedFiles, deleteSomeImages, listSkippedFiles } from '../data/images.ts';
import { listRunsOfDataset } from '../data/runs.ts';
import { DatasetBuilder, type DatasetBuilderParts, lockDataset, packFile } from '../datasets/add.ts';
import { refuseSplits } from '../datasets/splits.ts';
import { EngineHost } from '../engine/client.ts';
import { removeOrphanIndexes } from './index-files.ts';

export interface AddDatasetRequest {
  name: string;
  train: string;
  /** A list of photos below it with their classes, in place of class folders. */
  trainLabels?: string;
  val?: string;
  /** Labels of a flat validation folder. */
  valLabels?: string;
  /** Devkit ids to class folders. */
  valMap?: string;
  /** Share of every class that is held out of the training folder. */
  valFraction?: number;
}

/** Where a data set's packs lie. */
export interface DatasetPacks {
  dataset: Dataset;
  train: string;
  /** Undefined where it has no validation images. */
  val: string | undefined;
  /** Class names in class order. */
  labels: string[];
  /** The classes' folders in the same order. */
  folders: string[];
}

/** Of a split. Throws INVALID_ARGUMENT where there are no validation images. */
export function packOf({ dataset, train, val }: DatasetPacks, split: Split): string {
  const pack = split === 'train' ? train : val;
  if (pack !== undefined) return pack;
  throw new AppError(
    'INVALID_ARGUMENT',
    `data set ${dataset.name} has no validation images; evaluate its training images, or add it again with some to validate on`,
  );
}

const pageSize = 1000;
/** Some tens of milliseconds. */
const rowsAtOnce = 20_000;

export class DatasetService {
  readonly #parts: DatasetBuilderParts;
  readonly #builder: DatasetBuilder;

  constructor(parts: DatasetBuilderParts) {
    this.#parts = parts;
    this.#builder = new DatasetBuilder(parts);
  }

  /** Throws INVALID_NAME, NAME_TAKEN, BUSY, what the folders are to blame for, and the engine's errors. */
  async add(
    request: AddDatasetRequest,
    onEvent: (event: DatasetEvent) => void,
    signal?: AbortSignal,
  ): Promise<Dataset> {
    const { name, source } = this.#parse(request);
    return await this.#builder.add(name, source, onEvent, signal);
  }

  /** What add() would refuse at once. Throws INVALID_NAME, NAME_TAKEN, INVALID_ARGUMENT, NOT_FOUND, IO. */
  async check(request: AddDatasetRequest): Promise<void> {
    const { name, source } = this.#parse(request);
    if (findDataset(this.#parts.db, name)?.state === 'ready') {
      throw new AppError('NAME_TAKEN', `there is a data set named ${name} already; choose another name`, {
        name,
      });
    }
    if (source.valFolder !== undefined && source.valFraction !== undefined) {
      throw new AppError('INVALID_ARGUMENT', 'give a validation folder or a fraction to hold out, not both', {
        field: 'valFraction',
      });
    }
    // What looks for splits in the training folder tells whether it can be read.
    if (source.trainLabelsFile === undefined) await refuseSplits(source.trainFolder);
    const listed = source.trainLabelsFile === undefined ? undefined : source.trainFolder;
    for (const folder of [listed, source.valFolder]) {
      if (folder === undefined) continue;
      await readdir(folder).catch((error: unknown) => {
        throw fromFileSystem(error, folder, 'reading');
      });
    }
  }

  #parse(request: AddDatasetRequest): { name: string; source: DatasetSource } {
    const name = parseWith(
      nameSchema,
      request.name,
      `the name ${JSON.stringify(request.name)}`,
      'INVALID_NAME',
    );
    const { trainLabels, val, valLabels, valMap, valFraction } = request;
    const source: DatasetSource = {
      trainFolder: resolve(request.train),
      ...(trainLabels === undefined ? {} : { trainLabelsFile: resolve(trainLabels) }),
      ...(val === undefined ? {} : { valFolder: resolve(val) }),
      ...(valLabels === undefined ? {} : { valLabelsFile: resolve(valLabels) }),
      ...(valMap === undefined ? {} : { devkitMapFile: resolve(valMap) }),
      ...(valFraction === undefined ? {} : { valFraction }),
    };
    return { name, source };
  }

  list(): Dataset[] {
    return listDatasets(this.#parts.db);
  }

  /** Throws NOT_FOUND. */
  show(name: string): DatasetDetail {
    const { db } = this.#parts;
    const dataset = this.find(name);
    return {
      ...dataset,
      skippedFiles: countSkippedFiles(db, dataset.id),
      classList: listClasses(db, dataset.id),
    };
  }

  /** Every file that was not packed, with the reason. Throws NOT_FOUND. */
  skipped(name: string): SkippedFile[] {
    const { id } = this.find(name);
    const files: SkippedFile[] = [];
    for (const split of ['train', 'val'] as const) {
      let afterId = 0;
      while (true) {
        const page = listSkippedFiles(this.#parts.db, { datasetId: id, split, afterId, limit: pageSize });
        for (const { id: _id, ...file } of page) files.push(file);
        const last = page.at(-1);
        if (last === undefined || page.length < pageSize) break;
        afterId = last.id;
      }
    }
    return files;
  }

  /** Reads every byte. Throws NOT_FOUND, DATASET_NOT_READY, CORRUPT_PACK naming the bad part, CANCELLED. */
  async verify(
    name: string,
    onProgress: (split: Split, done: number, total: number) => void,
    signal?: AbortSignal,
  ): Promise<{ name: string; images: number }> {
    const { dataset, train, val } = this.packs(name);
    for (const [split, pack] of [
      ['train', train],
      ['val', val],
    ] as const) {
      if (pack === undefined) continue;
      const host = new EngineHost(
        this.#parts.spawnHost,
        { kind: 'verifyPack', pack },
        { progress: ({ done, total }) => onProgress(split, done, total) },
      );
      const cancel = () => host.cancel();
      signal?.addEventListener('abort', cancel);
      try {
        await host.ended;
      } finally {
        signal?.removeEventListener('abort', cancel);
      }
    }
    return { name: dataset.name, images: dataset.trainImages + dataset.valImages };
  }

  /** Throws NOT_FOUND, BUSY, and IN_USE where runs were trained on it, unless forced. */
  remove(name: string, options: { force: boolean }): void {
    const { id } = this.#removable(name, options);
    const unlock = this.#lock(id, name);
    try {
      this.#erase(id, options);
    } finally {
      unlock();
    }
  }

  #lock(id: string, name: string): () => void {
    const { db, directory } = this.#parts;
    try {
      return lockDataset(db, directory, { id, name });
    } catch (error) {
      // A full disk keeps nobody from removing what fills it.
      if (error instanceof AppError && error.code === 'DISK_FULL') return () => {};
      throw error;
    }
  }

  #giveUp(id: string): void {
    const { db, now } = this.#parts;
    const reason = 'its removal was broken off; remove it again';
    setDatasetState(db, id, { state: 'failed', reason, updatedAt: now() });
  }

  #erase(id: string, options: { force: boolean }): void {
    const { db, directory } = this.#parts;
    this.#removable(id, options);
    this.#giveUp(id);
    // The files first: broken off here, it can be removed again; files that no row names would stay for ever.
    rmSync(datasetFolder(directory, id), { recursive: true, force: true });
    deleteDataset(db, id);
    removeOrphanIndexes(db, directory);
  }

  #removable(name: string, options: { force: boolean }): Dataset {
    const { db } = this.#parts;
    const dataset = this.find(name);
    const runs = listRunsOfDataset(db, dataset.id);
    if (runs.length > 0 && !options.force) {
      const names = runs.slice(0, 5).map((run) => `${run.id} (${run.name})`);
      throw new AppError(
        'IN_USE',
        `data set ${dataset.name} is used by ${runs.length === 1 ? 'one run' : `${runs.length} runs`}: ${names.join(', ')}${runs.length > 5 ? ', ...' : ''}; ` +
          'delete them first, or give --force: they stay then, but cannot be resumed',
        { runs: runs.map((run) => run.id) },
      );
    }
    const running = runs.find((run) => run.state === 'running' || run.state === 'paused');
    if (running !== undefined) {
      throw new AppError(
        'BUSY',
        `run ${running.name} is training on data set ${dataset.name}; stop it first`,
      );
    }
    return dataset;
  }

  /**
   * As remove(), giving way to the event loop: the rows of a million images take seconds. Broken off halfway it
   * leaves a data set that can only be removed.
   */
  async removeGradually(name: string, options: { force: boolean }): Promise<void> {
    const { db } = this.#parts;
    const { id } = this.#removable(name, options);
    const unlock = await db.whenFree(() => this.#lock(id, name));
    try {
      await db.whenFree(() => this.#giveUp(id));
      while ((await db.whenFree(() => deleteSomeImages(db, id, rowsAtOnce))) > 0) await giveWay();
      await db.untilFree();
      this.#erase(id, options);
    } finally {
      unlock();
    }
  }

  /** Throws NOT_FOUND. */
  find(name: string): Dataset {
    const dataset = findDataset(this.#parts.db, name);
    if (dataset !== undefined) return dataset;
    const names = this.list().map((one) => one.name);
    throw new AppError(
      'NOT_FOUND',
      `there is no data set named ${name}${names.length === 0 ? '' : `; there are: ${names.slice(0, 10).join(', ')}`}`,
      { name },
    );
  }

  /** Throws NOT_FOUND. */
  byId(id: string): Dataset {
    const dataset = getDataset(this.#parts.db, id);
    if (dataset === undefined)
      throw new AppError('NOT_FOUND', 'this data set does not exist any more', { id });
    return dataset;
  }

  #packFiles(dataset: Dataset): { train: string; val: string | undefined } {
    const folder = datasetFolder(this.#parts.directory, dataset.id);
    return {
      train: packFile(folder, 'train'),
      val: dataset.valImages > 0 ? packFile(folder, 'val') : undefined,
    };
  }

  /** Why the images of a ready data set cannot be read any more; empty: they can. */
  problemOf(dataset: Dataset): string {
    if (dataset.state !== 'ready') return '';
    const { train, val } = this.#packFiles(dataset);
    const gone = [train, val].find((path) => path !== undefined && !existsSync(path));
    if (gone === undefined) return '';
    return `${gone} of data set ${dataset.name} is gone; put it back, or remove the data set and add it again`;
  }

  /** A ready data set's packs. Throws NOT_FOUND, DATASET_NOT_READY. */
  packs(name: string): DatasetPacks {
    const dataset = this.find(name);
    if (dataset.state !== 'ready') {
      throw new AppError(
        'DATASET_NOT_READY',
        dataset.state === 'packing'
          ? `data set ${dataset.name} is not packed to the end; add it again in the same way to continue`
          : `data set ${dataset.name} could not be packed: ${dataset.reason}`,
        { name: dataset.name },
      );
    }
    const { train, val } = this.#packFiles(dataset);
    const problem = this.problemOf(dataset);
    if (problem !== '') throw new AppError('NOT_FOUND', problem, { name: dataset.name });
    const classes = listClasses(this.#parts.db, dataset.id);
    return {
      dataset,
      train,
      val,
      labels: classes.map(({ name }) => name),
      folders: classes.map(({ folder }) => folder),
    };
  }
}
