// A model's mean image as a file of its own: the model goes on to work when the data set it was trained on is
// removed.
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { AppError } from '../api/errors.ts';
import { checkId, type DataDirectory, fromFileSystem } from '../data/data-directory.ts';

/** 256 * 256 * 3 floats. */
export const meanImageValues = 256 * 256 * 3;

/** A run's, beside its checkpoints. */
export function meanImageFile(directory: DataDirectory, runId: string): string {
  return join(directory.runsFolder, `${checkId(runId)}.mean`);
}

/** An imported model's, beside its weights. */
export function modelMeanImageFile(directory: DataDirectory, modelId: string): string {
  return join(directory.modelsFolder, `${checkId(modelId)}.mean`);
}

/** As the database keeps it: below the data directory. */
export function relativeMeanImage(folder: 'runs' | 'models', file: string): string {
  return join(folder, basename(file));
}

/** Little-endian floats, written whole or not at all. */
export function writeMeanImage(file: string, bytes: Uint8Array): void {
  if (bytes.byteLength !== meanImageValues * 4) {
    throw new AppError(
      'INVALID_MODEL',
      `a mean image has ${meanImageValues} values, not ${bytes.byteLength / 4}`,
    );
  }
  const unfinished = `${file}.part`;
  try {
    // On the disk before the run or model is known: without its mean image it would answer wrongly, or not at all.
    writeFileSync(unfinished, bytes, { mode: 0o600, flush: true });
    renameSync(unfinished, file);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw fromFileSystem(error, file, 'writing the mean image');
  }
}
