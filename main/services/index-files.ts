// Files of feature indexes: indexes/<id>.index, and <id>.index.part while one is built.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DataDirectory } from '../data/data-directory.ts';
import type { ReadableDatabase } from '../data/database.ts';
import { listIndexes } from '../data/feature-indexes.ts';

export function indexFile(directory: DataDirectory, id: string): string {
  return join(directory.indexesFolder, `${id}.index`);
}

/** Removes files whose index is not known any more: of a run, model or data set that was deleted. */
export function removeOrphanIndexes(db: ReadableDatabase, directory: DataDirectory): void {
  // The files first: another process may begin an index, which is known before it has a file.
  const files = readdirSync(directory.indexesFolder);
  const known = new Set(listIndexes(db).map(({ id }) => id));
  for (const file of files) {
    const id = /^([a-z0-9]+)\.index(\.part)?$/.exec(file)?.[1];
    if (id !== undefined && !known.has(id)) rmSync(join(directory.indexesFolder, file), { force: true });
  }
}
