// Looking at a data set: classes, images, skipped files, duplicates, by pages; what removing it would do.
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset, DatasetClass, Image, Split } from '../api/datasets.ts';
import { AppError, toErrorReport } from '../api/errors.ts';
import type {
  ClassBalance,
  ClassPage,
  DatasetImage,
  DatasetRemoval,
  Duplicates,
  ImageFile,
  ImageInfo,
  ImagePage,
  SkippedPage,
} from '../api/operations/datasets.ts';
import type { Page } from '../api/paging.ts';
import type { ReadableDatabase } from '../data/database.ts';
import { type ClassRequest, getDataset, listClasses, pageClasses } from '../data/datasets.ts';
import { getDuplicateSearch, pageDuplicates } from '../data/duplicates.ts';
import {
  getImage,
  listImages,
  listImagesOfClass,
  pageSkippedFiles,
  type SkippedRequest,
} from '../data/images.ts';
import { countRunsOfDataset, listRunsOfDataset } from '../data/runs.ts';
import type { Addon } from '../engine/addon.ts';

export interface ImageRequest extends Page {
  id: string;
  split: Split;
  label?: number;
  search: string;
}

/** Runs named where a data set is to be removed. */
const runsNamed = 100;

export class DatasetBrowser {
  readonly #db: ReadableDatabase;
  readonly #addon: () => Addon;

  constructor(db: ReadableDatabase, addon: () => Addon) {
    this.#db = db;
    this.#addon = addon;
  }

  /** Throws NOT_FOUND. */
  existing(id: string): Dataset {
    const dataset = getDataset(this.#db, id);
    if (dataset !== undefined) return dataset;
    throw new AppError('NOT_FOUND', 'this data set does not exist any more', { dataset: id });
  }

  classes(request: ClassRequest): ClassPage {
    this.existing(request.id);
    return pageClasses(this.#db, request);
  }

  balance(id: string): ClassBalance {
    this.existing(id);
    const classes = listClasses(this.#db, id);
    return {
      train: classes.map(({ trainImages }) => trainImages),
      val: classes.map(({ valImages }) => valImages),
    };
  }

  images(request: ImageRequest): ImagePage {
    const { id, split, offset, limit, label } = request;
    const dataset = this.existing(id);
    const classes = listClasses(this.#db, id);
    const search = request.search.trim().toLowerCase();
    if (label === undefined && search === '') {
      const total = split === 'train' ? dataset.trainImages : dataset.valImages;
      const images = listImages(this.#db, { datasetId: id, split, afterRecord: offset - 1, limit });
      return { total, images: images.map((image) => named(image, classes)) };
    }
    const wanted = classes.filter(
      (one) =>
        (label === undefined || one.label === label) &&
        (search === '' || `${one.name} ${one.folder}`.toLowerCase().includes(search)),
    );
    const count = (one: DatasetClass) => (split === 'train' ? one.trainImages : one.valImages);
    const images: DatasetImage[] = [];
    let before = 0;
    for (const one of wanted) {
      const from = Math.max(0, offset - before);
      const missing = limit - images.length;
      if (missing > 0 && from < count(one)) {
        const of = { datasetId: id, split, label: one.label };
        const part = listImagesOfClass(this.#db, of, { offset: from, limit: missing });
        images.push(...part.map((image) => named(image, classes)));
      }
      before += count(one);
    }
    return { total: before, images };
  }

  /** Throws NOT_FOUND; an original that is gone or unreadable is told, not thrown. */
  async image(id: string, split: Split, record: number): Promise<ImageInfo> {
    const { image, file } = this.locate(id, split, record);
    const classes = listClasses(this.#db, id);
    const described: ImageInfo = {
      ...named(image, classes),
      classFolder: classes[image.label]?.folder ?? '',
      file,
      original: null,
      problem: '',
    };
    try {
      return { ...described, original: await this.describeFile(file) };
    } catch (error) {
      return { ...described, problem: whatIsWrong(error) };
    }
  }

  /** A record's row, and where its original should lie. Throws NOT_FOUND. */
  locate(id: string, split: Split, record: number): { image: Image; file: string } {
    const { source } = this.existing(id);
    const image = getImage(this.#db, id, split, record);
    if (image === undefined) {
      throw new AppError('NOT_FOUND', `the data set has no ${split} image ${record}`, {
        dataset: id,
        record,
      });
    }
    const folder = split === 'val' && source.valFolder !== undefined ? source.valFolder : source.trainFolder;
    return { image, file: join(folder, image.path) };
  }

  /** What a file's header says. Rejects with what the file system or the engine has against it. */
  async describeFile(file: string): Promise<ImageFile> {
    const { size } = await stat(file);
    const header = this.#addon().readImageInfo(await readFile(file));
    return { ...header, sizeBytes: size };
  }

  skipped(request: SkippedRequest): SkippedPage {
    this.existing(request.datasetId);
    return pageSkippedFiles(this.#db, request);
  }

  duplicates(id: string, page: Page): Duplicates {
    this.existing(id);
    const search = getDuplicateSearch(this.#db, id);
    if (search === undefined) return { foundAt: null, groups: 0, surplus: 0, acrossSplits: 0, page: [] };
    const classes = listClasses(this.#db, id);
    const groups = pageDuplicates(this.#db, id, page).map((group) => ({
      images: group.flatMap(({ split, record }) => {
        const image = getImage(this.#db, id, split, record);
        return image === undefined ? [] : [named(image, classes)];
      }),
    }));
    return { ...search, page: groups };
  }

  /** What removing it frees and breaks. Throws NOT_FOUND. */
  removal(id: string): DatasetRemoval {
    const dataset = this.existing(id);
    const runs = listRunsOfDataset(this.#db, id);
    const busy = runs.find((run) => run.state === 'running' || run.state === 'paused');
    return {
      name: dataset.name,
      sizeBytes: dataset.sizeBytes,
      images: dataset.trainImages + dataset.valImages,
      runs: runs.slice(0, runsNamed).map(({ id: runId, name, state }) => ({ id: runId, name, state })),
      runCount: countRunsOfDataset(this.#db, id),
      blocked: busy === undefined ? '' : `run ${busy.name} is training on it; stop that first`,
    };
  }
}

function named(image: Image, classes: readonly DatasetClass[]): DatasetImage {
  return { ...image, className: classes[image.label]?.name ?? `class ${image.label}` };
}

function whatIsWrong(error: unknown): string {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  if (code === 'ENOENT') return 'the file is gone; the packed square is all there is of it';
  if (code === 'EACCES' || code === 'EPERM') return 'the file may not be read; check whose it is';
  return toErrorReport(error).message;
}
