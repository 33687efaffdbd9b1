// Reading runs' checkpoint files while their writers may be at work: a checkpoint of a large net locks its file for
// seconds, which must not hold anything else up.
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../api/errors.ts';
import type { Checkpoint } from '../api/runs.ts';
import { listCheckpoints } from '../data/checkpoint-reader.ts';
import { type DataDirectory, runFile } from '../data/data-directory.ts';
import type { ReadableDatabase } from '../data/database.ts';
import { openCheckpointReader } from '../data/open-database.ts';

const tryEveryMs = 50;
/** As long as any reader waits for a writer. */
const giveUpAfterMs = 60_000;
/** Runs whose list is kept, the least recently used first. */
const listsKept = 1000;

function isBusy(error: unknown): boolean {
  return error instanceof AppError && error.code === 'BUSY';
}

export class CheckpointFiles {
  readonly #directory: DataDirectory;
  readonly #lists = new Map<string, Checkpoint[]>();

  constructor(directory: DataDirectory) {
    this.#directory = directory;
  }

  path(runId: string): string {
    return runFile(this.#directory, runId);
  }

  exists(runId: string): boolean {
    return existsSync(this.path(runId));
  }

  /** Work on a run's file, tried again while it is locked. Rejects with NOT_FOUND, CORRUPT_CHECKPOINT, BUSY. */
  async read<T>(runId: string, work: (db: ReadableDatabase) => T | Promise<T>): Promise<T> {
    const began = performance.now();
    while (true) {
      try {
        return await this.#try(runId, work);
      } catch (error) {
        if (!isBusy(error) || performance.now() - began > giveUpAfterMs) throw error;
      }
      await sleep(tryEveryMs);
    }
  }

  /** Resolves when nobody writes to the file, or there is none; rejects with BUSY where that takes too long. */
  async free(runId: string | undefined): Promise<void> {
    if (runId !== undefined && this.exists(runId)) await this.read(runId, listCheckpoints);
  }

  /** Oldest first; while one is being written, those that were there before it. */
  async list(runId: string): Promise<Checkpoint[]> {
    if (!this.exists(runId)) return [];
    const known = this.#lists.get(runId);
    try {
      const found =
        known === undefined
          ? await this.read(runId, listCheckpoints)
          : await this.#try(runId, listCheckpoints);
      this.#keep(runId, found);
      return found;
    } catch (error) {
      if (known !== undefined && isBusy(error)) return known;
      throw error;
    }
  }

  async #try<T>(runId: string, work: (db: ReadableDatabase) => T | Promise<T>): Promise<T> {
    const db = openCheckpointReader(this.path(runId), { busyTimeoutMs: 0 });
    try {
      return await work(db);
    } finally {
      db.close();
    }
  }

  #keep(runId: string, list: Checkpoint[]): void {
    this.#lists.delete(runId);
    this.#lists.set(runId, list);
    for (const oldest of this.#lists.keys()) {
      if (this.#lists.size <= listsKept) break;
      this.#lists.delete(oldest);
    }
  }
}
