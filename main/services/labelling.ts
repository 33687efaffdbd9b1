// Labelling: the photos that a model was least sure of come first, and what the user says of them becomes a data set.
import { createWriteStream, mkdirSync, rmSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../api/errors.ts';
import { imageUrls } from '../api/image-urls.ts';
import type { PhotoToLabel } from '../api/operations/labels.ts';
import { type DataDirectory, fromFileSystem } from '../data/data-directory.ts';
import type { WritableDatabase } from '../data/database.ts';
import { newId } from '../data/ids.ts';
import {
  countLabels,
  eachLabel,
  type LabelCounts,
  listUnsure,
  removeLabel,
  removeSkips,
  setLabel,
  type UnsureOrder,
} from '../data/labels.ts';
import { getPrediction } from '../data/predictions.ts';
import type { AddDatasetRequest } from './datasets.ts';
import type { ModelResolver } from './model-resolver.ts';
import type { SweepService } from './sweeps/sweeps.ts';

export interface LabellingParts {
  db: WritableDatabase;
  directory: DataDirectory;
  models: ModelResolver;
  sweeps: SweepService;
  /** Ms UTC. */
  now: () => number;
}

export class LabellingService {
  readonly #parts: LabellingParts;

  constructor(parts: LabellingParts) {
    this.#parts = parts;
  }

  /** The least sure first; those with a label, and those passed over, do not come again. Throws NOT_FOUND. */
  next(sweepId: string, order: UnsureOrder, limit: number): PhotoToLabel[] {
    const { db, sweeps } = this.#parts;
    const { id } = sweeps.existing(sweepId);
    return listUnsure(db, id, order, limit).map((prediction) => ({
      id: prediction.id,
      path: prediction.path,
      name: basename(prediction.path),
      image: imageUrls.prediction(prediction.id),
      answers: Array.isArray(prediction.answers) ? prediction.answers : [],
    }));
  }

  /** The classes of the sweep's model, and every other that was used, by name. Throws NOT_FOUND. */
  classes(sweepId: string): string[] {
    const { db, models, sweeps } = this.#parts;
    const sweep = sweeps.existing(sweepId);
    const used = countLabels(db).classes.map(({ name }) => name);
    let known: string[] = [];
    try {
      known = models.resolve(sweeps.modelOf(sweep)).labels;
    } catch (error) {
      // A model that was removed leaves what was used.
      if (!(error instanceof AppError) || error.code !== 'NOT_FOUND') throw error;
    }
    return [...new Set([...known, ...used])].sort((a, b) => a.localeCompare(b));
  }

  /** `className` null: passed over. Throws NOT_FOUND where the answer is not there any more. */
  give(predictionId: number, className: string | null): void {
    const { db, now } = this.#parts;
    const { path } = this.#prediction(predictionId);
    setLabel(db, { path, className, predictionId, labelledAt: now() });
  }

  /** Takes a label, or a passing over, back. Throws NOT_FOUND. */
  takeBack(predictionId: number): void {
    removeLabel(this.#parts.db, this.#prediction(predictionId).path);
  }

  /** Those passed over come again; returns how many. */
  askAgain(): number {
    return removeSkips(this.#parts.db);
  }

  counts(): LabelCounts {
    return countLabels(this.#parts.db);
  }

  /** Writes every label, a JSON line a photo, to a file that is not there yet. Throws NAME_TAKEN, EMPTY_DATASET, IO. */
  async writeList(file: string): Promise<{ photos: number }> {
    let photos = 0;
    const lines = function* (db: WritableDatabase): Generator<string> {
      for (const { path, className } of eachLabel(db)) {
        photos++;
        yield `${JSON.stringify({ file: path, class: className })}\n`;
      }
    };
    if (this.counts().classes.length === 0) {
      throw new AppError('EMPTY_DATASET', 'no photo has a label yet');
    }
    try {
      await pipeline(Readable.from(lines(this.#parts.db)), createWriteStream(file, { flags: 'wx' }));
    } catch (error) {
      if (error instanceof Error && Reflect.get(error, 'code') === 'EEXIST') {
        throw new AppError('NAME_TAKEN', `${file} exists already; name another file`, { path: file });
      }
      throw fromFileSystem(error, file, 'writing the labels');
    }
    return { photos };
  }

  /**
   * What adds the labelled photos as a data set: a list of today's labels, kept in the data directory, so that a
   * packing that was stopped goes on with the same. Throws EMPTY_DATASET where there are no two classes.
   */
  async datasetRequest(name: string, valFraction: number | undefined): Promise<AddDatasetRequest> {
    const { classes } = this.counts();
    if (classes.length < 2) {
      const have = classes.length === 0 ? 'no photo has a label yet' : `only '${classes[0]?.name}' was given`;
      throw new AppError('EMPTY_DATASET', `a data set needs photos of at least two classes; ${have}`);
    }
    const folder = join(this.#parts.directory.root, 'labels');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const list = join(folder, `${newId()}.jsonl`);
    const unfinished = `${list}.part`;
    try {
      await this.writeList(unfinished);
      await rename(unfinished, list);
    } catch (error) {
      rmSync(unfinished, { force: true });
      throw error;
    }
    const request = { name, train: '/', trainLabels: list };
    return valFraction === undefined ? request : { ...request, valFraction };
  }

  #prediction(id: number): { path: string } {
    const prediction = getPrediction(this.#parts.db, id);
    if (prediction === undefined) {
      throw new AppError('NOT_FOUND', 'this answer is not in the history any more', { prediction: id });
    }
    return prediction;
  }
}
