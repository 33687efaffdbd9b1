// A photo's bytes as they are in its file, which may have become anything since it was named.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { AppError } from '../api/errors.ts';
import { fromFileSystem } from '../data/data-directory.ts';

/** Throws NOT_FOUND, IO, UNSUPPORTED_IMAGE where it is no ordinary file, IMAGE_TOO_LARGE. */
export async function readPhoto(path: string, mostBytes: number): Promise<Buffer> {
  try {
    // A pipe would be waited for.
    const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const found = await file.stat();
      if (!found.isFile()) throw new AppError('UNSUPPORTED_IMAGE', `${path} is no ordinary file`, { path });
      if (found.size > mostBytes) {
        throw new AppError('IMAGE_TOO_LARGE', `${path} is larger than ${mostBytes / 1e6} MB`, { path });
      }
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw error instanceof AppError ? error : fromFileSystem(error, path, 'reading the image');
  }
}
