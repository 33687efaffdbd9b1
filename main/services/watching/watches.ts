// The folders that the application watches: each goes on until it is switched off, and begins again with the
// application.
import { AppError } from '../../api/errors.ts';
import type { Watch } from '../../api/operations/watches.ts';
import type { WritableDatabase } from '../../data/database.ts';
import { newId } from '../../data/ids.ts';
import { countSweep } from '../../data/sweeps.ts';
import {
  deleteWatch,
  insertWatch,
  listWatches,
  type StoredWatch,
  setWatchActive,
} from '../../data/watches.ts';
import type { Changes } from '../changes.ts';
import type { SweepRequest, SweepService } from '../sweeps/sweeps.ts';
import { Throttle } from '../throttle.ts';
import { WatchedFolder, type WatchTimes, watchTimes } from './watched-folder.ts';

export interface WatchParts {
  db: WritableDatabase;
  sweeps: SweepService;
  changes: Changes;
  /** 0: all cores. */
  threads: () => number;
  log: (line: string) => void;
  /** Ms UTC. */
  now: () => number;
  times?: WatchTimes;
}

interface Running {
  folder: WatchedFolder;
  stop: AbortController;
  ended: Promise<void>;
}

const toldEveryMs = 500;

export class WatchService {
  readonly #parts: WatchParts;
  readonly #running = new Map<string, Running>();

  constructor(parts: WatchParts) {
    this.#parts = parts;
  }

  start(): void {
    for (const watch of listWatches(this.#parts.db)) if (watch.active) this.#begin(watch);
  }

  list(): Watch[] {
    const { db, sweeps } = this.#parts;
    return listWatches(db).map(({ id, sweepId, createdAt }) => {
      const { paths, model, crops } = sweeps.existing(sweepId);
      const status = this.#running.get(id)?.folder.status;
      return {
        id,
        sweepId,
        folder: paths[0] ?? '',
        model,
        crops,
        state: status?.state ?? 'off',
        reason: status?.reason ?? '',
        growing: status?.growing ?? 0,
        ...countSweep(db, sweepId),
        answered: status?.answered ?? 0,
        createdAt,
      };
    });
  }

  /** Throws NOT_FOUND for a model, NAME_TAKEN where the folder is watched with it already. */
  add(folder: string, request: Omit<SweepRequest, 'paths'>): { id: string } {
    const { db, sweeps, changes, now } = this.#parts;
    const sweep = sweeps.open({ ...request, paths: [folder] });
    if (listWatches(db).some(({ sweepId }) => sweepId === sweep.id)) {
      throw new AppError('NAME_TAKEN', `${folder} is watched with ${request.model} already`, { folder });
    }
    const watch: StoredWatch = { id: newId(), sweepId: sweep.id, active: true, createdAt: now() };
    insertWatch(db, watch);
    this.#begin(watch);
    changes.tell('watches', watch.id);
    return { id: watch.id };
  }

  /** Throws NOT_FOUND. */
  async setActive(id: string, active: boolean): Promise<void> {
    const { db, changes } = this.#parts;
    setWatchActive(db, id, active);
    if (!active) await this.#end(id);
    else if (!this.#running.has(id)) {
      const watch = listWatches(db).find((one) => one.id === id);
      if (watch !== undefined) this.#begin(watch);
    }
    changes.tell('watches', id);
  }

  /** Throws NOT_FOUND. */
  async remove(id: string): Promise<void> {
    const { db, changes } = this.#parts;
    await this.#end(id);
    deleteWatch(db, id);
    changes.tell('watches', id);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((id) => this.#end(id)));
  }

  #begin({ id, sweepId }: StoredWatch): void {
    const { sweeps, changes, threads, log, times = watchTimes } = this.#parts;
    const told = new Throttle(toldEveryMs, () => {
      changes.tell('watches', id);
      changes.tell('predictions', sweepId);
    });
    const listeners = { onStatus: () => told.request() };
    const folder = new WatchedFolder(
      sweeps,
      sweeps.existing(sweepId),
      listeners,
      { threads: threads() },
      times,
    );
    const stop = new AbortController();
    const ended = folder
      .run(stop.signal)
      .catch((error: unknown) => log(`watching ${folder.path}: ${String(error)}`))
      .finally(() => told.cancel());
    this.#running.set(id, { folder, stop, ended });
  }

  async #end(id: string): Promise<void> {
    const running = this.#running.get(id);
    if (running === undefined) return;
    this.#running.delete(id);
    running.stop.abort();
    await running.ended;
  }
}
