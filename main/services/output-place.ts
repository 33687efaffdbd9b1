// Where a file is to be written: looked at before the work, not after it; and writing it whole.
import { accessSync, constants, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { AppError } from '../api/errors.ts';
import { fromFileSystem } from '../data/data-directory.ts';
import { writeInPieces } from '../data/model-formats/write-file.ts';

/**
 * `what`: e.g. "the report". Throws NOT_FOUND where the file's folder is missing, INVALID_ARGUMENT where a file
 * stands in the place of a folder or the other way round, IO where nothing may be written.
 */
export function checkOutputPlace(path: string, what: string): void {
  const full = resolve(path);
  const folder = dirname(full);
  const place = statSync(folder, { throwIfNoEntry: false });
  if (place === undefined) {
    throw new AppError('NOT_FOUND', `${what}'s folder ${folder} does not exist`, { path: folder });
  }
  if (!place.isDirectory()) {
    throw new AppError('INVALID_ARGUMENT', `${what} cannot be written into ${folder}: that is a file`, {
      path: folder,
    });
  }
  if (statSync(full, { throwIfNoEntry: false })?.isDirectory()) {
    throw new AppError('INVALID_ARGUMENT', `${full} is a folder; name a file for ${what}`, { path: full });
  }
  try {
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw fromFileSystem(error, folder, `writing ${what}`);
  }
}

/** Writes a text as a file, whole or not at all; one of that name is replaced. Throws DISK_FULL, IO. */
export async function writeWhole(path: string, text: string): Promise<void> {
  await writeInPieces(resolve(path), [Buffer.from(text)]);
}
