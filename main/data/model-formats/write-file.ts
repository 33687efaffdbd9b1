// Writes a file in pieces, under another name until it is whole: what was there before stays until then.
import { open, rename, rm } from 'node:fs/promises';
import { AppError } from '../../api/errors.ts';
import { fromFileSystem } from '../data-directory.ts';

/** Returns the file's size. Rejects with DISK_FULL, IO and what `pieces` throws; then `path` is as it was. */
export async function writeInPieces(path: string, pieces: Iterable<Uint8Array>): Promise<number> {
  const partial = `${path}.${process.pid}.partial`;
  try {
    const file = await open(partial, 'w', 0o666);
    let sizeBytes = 0;
    try {
      for (const piece of pieces) {
        // A write may take less than it was given, on a nearly full disk above all.
        let done = 0;
        while (done < piece.byteLength) done += (await file.write(piece, done)).bytesWritten;
        sizeBytes += piece.byteLength;
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
    return sizeBytes;
  } catch (error) {
    await rm(partial, { force: true });
    throw error instanceof AppError ? error : fromFileSystem(error, path, 'writing');
  }
}
