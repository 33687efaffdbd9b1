// What everything takes on the disk.
import { readdirSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Storage } from '../api/operations/studio.ts';
import type { DataDirectory } from '../data/data-directory.ts';
import type { ReadableDatabase } from '../data/database.ts';
import { listDatasets } from '../data/datasets.ts';
import { listModels } from '../data/models.ts';
import { getRun } from '../data/runs.ts';

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // there is none yet
  }
}

export function freeBytes(directory: DataDirectory): number {
  const { bavail, bsize } = statfsSync(directory.root);
  return bavail * bsize;
}

/** The largest first. Runs are found by their files, so that thousands without one cost nothing. */
export function measureStorage(db: ReadableDatabase, directory: DataDirectory): Storage {
  const largestFirst = (a: { sizeBytes: number }, b: { sizeBytes: number }) => b.sizeBytes - a.sizeBytes;
  const runs = namesIn(directory.runsFolder)
    .filter((name) => name.endsWith('.sqlite'))
    .map((name) => {
      const id = name.slice(0, -'.sqlite'.length);
      return { id, name: getRun(db, id)?.name ?? id, sizeBytes: sizeOf(join(directory.runsFolder, name)) };
    });
  const photos = join(directory.root, 'photos');
  return {
    freeBytes: freeBytes(directory),
    databaseBytes: sizeOf(directory.databaseFile) + sizeOf(`${directory.databaseFile}-wal`),
    datasets: listDatasets(db)
      .map(({ id, name, sizeBytes }) => ({ id, name, sizeBytes }))
      .sort(largestFirst),
    runs: runs.sort(largestFirst),
    models: listModels(db)
      .map(({ id, name, sizeBytes }) => ({ id, name, sizeBytes }))
      .sort(largestFirst),
    photosBytes: namesIn(photos).reduce((sum, name) => sum + sizeOf(join(photos, name)), 0),
  };
}
