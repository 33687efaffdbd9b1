// Sorting: a plan of where each photo of a sweep goes, kept before anything is touched, then carried out in batches,
// each noted before and after, so that a stop or a kill leaves nothing half done that is not known of.
import { createWriteStream, existsSync, statfsSync } from 'node:fs';
import { mkdir, rename, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as giveWay } from 'node:timers/promises';
import { AppError, toErrorReport } from '../../api/errors.ts';
import type { SortedFile, SortedLine, SortSettings, SortSummary } from '../../api/operations/sorting.ts';
import { fromFileSystem } from '../../data/data-directory.ts';
import type { WritableDatabase } from '../../data/database.ts';
import { newId } from '../../data/ids.ts';
import { listSweepPredictions } from '../../data/predictions.ts';
import {
  changeSortedFiles,
  countSortedFiles,
  deletePlans,
  getSorting,
  insertSorting,
  listSortedFiles,
  pageSortedFiles,
  type Sorting,
  type StoredFile,
  startSorting,
  unsortFiles,
} from '../../data/sortings.ts';
import type { SweepService } from '../sweeps/sweeps.ts';
import { LeftAlone, leaveOldPlace, placeFile, syncFolder } from './place-file.ts';
import { Planner } from './planner.ts';
import { looksLikeCopy } from './targets.ts';
import { type UndoEnd, undoList } from './undo.ts';

export interface SortingParts {
  db: WritableDatabase;
  sweeps: SweepService;
  /** Ms UTC. */
  now: () => number;
}

const rowsAtOnce = 500;
const filesAtOnce = 32;

export class SortingService {
  readonly #parts: SortingParts;

  constructor(parts: SortingParts) {
    this.#parts = parts;
  }

  /** Looks at every photo and at what is at its new place; touches nothing. Throws NOT_FOUND, INVALID_ARGUMENT. */
  async plan(sweepId: string, given: SortSettings, signal?: AbortSignal): Promise<SortSummary> {
    const { db, sweeps, now } = this.#parts;
    sweeps.existing(sweepId);
    const settings = { ...given, to: resolve(given.to) };
    const to = await stat(settings.to).catch(() => undefined);
    if (to !== undefined && !to.isDirectory()) {
      throw new AppError('INVALID_ARGUMENT', `${settings.to} is a file; name a folder to sort into`, {
        path: settings.to,
      });
    }
    const id = newId();
    await db.whenFree(() => {
      deletePlans(db, sweepId);
      insertSorting(db, { id, sweepId, settings, createdAt: now() });
    });
    const planner = new Planner(db, id, settings);
    for (let after = 0; ; ) {
      if (signal?.aborted) throw new AppError('CANCELLED', 'stopped before anything was sorted');
      const page = listSweepPredictions(db, sweepId, after, rowsAtOnce);
      for (const prediction of page) await planner.add(prediction);
      await planner.flush();
      const last = page.at(-1);
      if (last === undefined) break;
      after = last.id;
      await giveWay();
    }
    return await this.summary(id);
  }

  /** Throws NOT_FOUND. */
  async summary(id: string): Promise<SortSummary> {
    const { sweepId, settings, createdAt, appliedAt } = this.existing(id);
    const { folders, left, notPutBack, collisions, states } = countSortedFiles(this.#parts.db, id);
    const sizeBytes = folders.reduce((sum, folder) => sum + folder.sizeBytes, 0);
    const moves = settings.mode === 'move' && (await this.#onOneDisk(id, settings.to));
    return {
      id,
      sweepId,
      settings,
      folders,
      files: folders.reduce((sum, { files }) => sum + files, 0),
      sizeBytes,
      collisions,
      left,
      notPutBack,
      done: states.done,
      skipped: states.skipped,
      failed: states.failed,
      writtenBytes: moves ? 0 : sizeBytes,
      freeBytes: freeBytes(settings.to),
      list: listFile(id, settings),
      createdAt,
      appliedAt,
    };
  }

  files(request: Parameters<typeof pageSortedFiles>[1]): { total: number; files: SortedFile[] } {
    this.existing(request.id);
    return pageSortedFiles(this.#parts.db, request);
  }

  /** Throws NOT_FOUND. */
  existing(id: string): Sorting {
    const sorting = getSorting(this.#parts.db, id);
    if (sorting === undefined)
      throw new AppError('NOT_FOUND', 'this plan was replaced by a newer one', { id });
    return sorting;
  }

  /**
   * Carries a plan out; again, it goes on. A photo that has changed or gone since, or whose new name is taken by
   * then, is left and told. Throws NOT_FOUND, DISK_FULL, IO, CANCELLED; what is done is kept and listed in a file
   * beside the class folders.
   */
  async apply(
    id: string,
    onProgress: (done: number, total: number) => void,
    signal?: AbortSignal,
  ): Promise<SortSummary> {
    const { db, now } = this.#parts;
    const { settings } = this.existing(id);
    const before = await this.summary(id);
    const free = before.freeBytes;
    const restBytes = before.done === 0 ? before.writtenBytes : 0;
    if (free !== null && restBytes > free) {
      throw new AppError('DISK_FULL', `${settings.to} has too little room; free some space and try again`, {
        neededBytes: restBytes,
        freeBytes: free,
      });
    }
    await db.whenFree(() => startSorting(db, id, now()));
    await this.#finishBegun(id, settings);
    let done = before.done + before.skipped + before.failed;
    try {
      while (true) {
        const files = listSortedFiles(db, id, 'planned', filesAtOnce).filter(hasTarget);
        if (files.length === 0) break;
        if (signal?.aborted) throw new AppError('CANCELLED', `stopped after ${done} photos`);
        await this.#batch(id, settings, files);
        done += files.length;
        onProgress(done, before.files);
      }
    } finally {
      await this.#writeList(id, settings);
    }
    return await this.summary(id);
  }

  /**
   * Puts back what a sorting did. Again, it goes on. Nothing is overwritten; what has changed since is left, and told.
   * Throws NOT_FOUND, IO, CANCELLED.
   */
  async undo(
    id: string,
    onProgress: (done: number, total: number) => void,
    signal?: AbortSignal,
  ): Promise<UndoEnd> {
    const { settings } = this.existing(id);
    await this.#listAgain(id, settings);
    return await this.undoList(listFile(id, settings), onProgress, signal);
  }

  /** As undo(), by the list of what a sorting did. Throws NOT_FOUND, INVALID_ARGUMENT where it is something else. */
  async undoList(
    list: string,
    onProgress: (done: number, total: number) => void,
    signal?: AbortSignal,
  ): Promise<UndoEnd> {
    const { db } = this.#parts;
    // The sorting may have been made with another data directory, or be forgotten: the list is enough.
    const [, id = ''] = /^sorted-(.+)\.jsonl$/.exec(basename(list)) ?? [];
    const known = getSorting(db, id);
    if (known !== undefined && listFile(id, known.settings) === list && !existsSync(list)) {
      await this.#listAgain(id, known.settings);
    }
    return await undoList(
      list,
      async (files) => {
        const back = files.map(({ line, whyNot }) => ({ source: line.from, target: line.to, whyNot }));
        await db.whenFree(() => unsortFiles(db, id, back));
      },
      onProgress,
      signal,
    );
  }

  async #note(id: string, changes: Parameters<typeof changeSortedFiles>[2]): Promise<void> {
    const { db } = this.#parts;
    await db.whenFree(() => changeSortedFiles(db, id, changes));
  }

  async #batch(id: string, { mode }: SortSettings, files: readonly Targeted[]): Promise<void> {
    // A collision's note stays with the file.
    const notes = new Map(files.map(({ source, note }) => [source, note]));
    await this.#note(
      id,
      files.map(({ source, note }) => ({ source, state: 'begun', note })),
    );
    const changes: { source: string; state: 'done' | 'skipped' | 'failed'; note: string }[] = [];
    const placed: Targeted[] = [];
    let broken: unknown;
    for (const file of files) {
      try {
        await mkdir(dirname(file.target), { recursive: true });
        await placeFile(file, mode);
        placed.push(file);
      } catch (error) {
        const { code, message } = toErrorReport(error);
        const state = error instanceof LeftAlone ? 'skipped' : 'failed';
        changes.push({ source: file.source, state, note: message });
        if (code === 'DISK_FULL') broken = error;
        if (broken !== undefined) break;
      }
    }
    for (const folder of new Set(placed.map(({ target }) => dirname(target)))) await syncFolder(folder);
    for (const { source, target } of placed) {
      try {
        if (mode === 'move') await leaveOldPlace(source, target);
        changes.push({ source, state: 'done', note: notes.get(source) ?? '' });
      } catch (error) {
        changes.push({ source, state: 'failed', note: toErrorReport(error).message });
      }
    }
    await this.#note(id, changes);
    if (broken === undefined) return;
    // Whatever was not reached waits for room.
    const reached = new Set(changes.map(({ source }) => source));
    const rest = files.filter(({ source }) => !reached.has(source));
    await this.#note(
      id,
      rest.map(({ source, note }) => ({ source, state: 'planned', note })),
    );
    throw broken;
  }

  /** What was under way when the process ended: at its new place it is done, anything else is planned again. */
  async #finishBegun(id: string, { mode }: SortSettings): Promise<void> {
    const { db } = this.#parts;
    for (const file of listSortedFiles(db, id, 'begun', 10 * filesAtOnce).filter(hasTarget)) {
      const { source, target, note } = file;
      const [old, now] = await Promise.all([source, target].map((path) => stat(path).catch(() => undefined)));
      const arrived = now !== undefined && looksLikeCopy(now, file);
      if (!arrived) {
        await this.#note(id, [{ source, state: 'planned', note }]);
        continue;
      }
      await syncFolder(dirname(target));
      if (mode === 'move' && old !== undefined) await leaveOldPlace(source, target);
      await this.#note(id, [{ source, state: 'done', note }]);
    }
  }

  /** What came from where, a JSON line a photo: whoever wants it back finds it there. */
  async #writeList(id: string, settings: SortSettings): Promise<void> {
    const list = listFile(id, settings);
    const { db } = this.#parts;
    const lines = function* (): Generator<string> {
      for (let offset = 0; ; offset += rowsAtOnce) {
        const { files } = pageSortedFiles(db, { id, state: 'done', offset, limit: rowsAtOnce });
        for (const { source, target, sizeBytes, modifiedAt } of files) {
          const done = settings.mode === 'move' ? 'moved' : 'copied';
          const line: SortedLine = { done, from: source, to: target ?? '', sizeBytes, modifiedAt };
          yield `${JSON.stringify(line)}\n`;
        }
        if (files.length < rowsAtOnce) return;
      }
    };
    if (countSortedFiles(db, id).states.done === 0) return;
    try {
      await pipeline(Readable.from(lines()), createWriteStream(`${list}.part`));
      await rename(`${list}.part`, list);
    } catch (error) {
      throw fromFileSystem(error, list, 'writing the list of what was sorted');
    }
  }

  /** A sorting that was killed has not listed what it did. */
  async #listAgain(id: string, settings: SortSettings): Promise<void> {
    await this.#finishBegun(id, settings);
    await this.#writeList(id, settings);
  }

  /** Whether photos only get another name. */
  async #onOneDisk(id: string, to: string): Promise<boolean> {
    const [first] = pageSortedFiles(this.#parts.db, { id, offset: 0, limit: 1 }).files;
    if (first === undefined) return true;
    const [from, there] = await Promise.all([deviceOf(first.source), deviceOf(to)]);
    return from !== undefined && from === there;
  }
}

type Targeted = StoredFile & { target: string };

function hasTarget(file: StoredFile): file is Targeted {
  return file.target !== null;
}

function listFile(id: string, { to }: SortSettings): string {
  return join(to, `sorted-${id}.jsonl`);
}

/** Of the file or folder, or of the first folder above it that exists. */
async function deviceOf(path: string): Promise<number | undefined> {
  for (let here = path; ; here = dirname(here)) {
    const found = await stat(here).catch(() => undefined);
    if (found !== undefined) return found.dev;
    if (dirname(here) === here) return undefined;
  }
}

function freeBytes(path: string): number | null {
  for (let here = path; ; here = dirname(here)) {
    try {
      const { bavail, bsize } = statfsSync(here);
      return bavail * bsize;
    } catch {
      if (dirname(here) === here) return null;
    }
  }
}
