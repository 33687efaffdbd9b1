// One watched folder: classifies what arrives. It looks when the system tells of something and every so often; a file
// is taken when it has stopped growing. A folder that vanishes is waited for.
import { stat } from 'node:fs/promises';
import { AppError, toErrorReport } from '../../api/errors.ts';
import type { ClassifiedFile } from '../../api/predictions.ts';
import type { StreamedPhoto } from '../sweeps/photo-stream.ts';
import type { StoredSweep, SweepService } from '../sweeps/sweeps.ts';
import { FolderEvents } from './folder-events.ts';

export interface WatchStatus {
  state: 'watching' | 'classifying' | 'missing' | 'failed';
  /** Why it failed; it is tried again. */
  reason: string;
  /** Files that still grow. */
  growing: number;
  /** Answered since the watch began. */
  answered: number;
  failed: number;
}

export interface WatchTimes {
  /** A file that nothing has touched for so long is whole. */
  settleMs: number;
  /** Whatever the system does not tell is found by then. */
  rescanMs: number;
  /** After an event; several come together. */
  gatherMs: number;
}

export const watchTimes: WatchTimes = { settleMs: 2000, rescanMs: 30_000, gatherMs: 300 };

export interface WatchListeners {
  onStatus?: (status: WatchStatus) => void;
  onResult?: (result: ClassifiedFile) => void;
}

export class WatchedFolder {
  readonly #sweeps: SweepService;
  readonly #sweep: StoredSweep;
  readonly #listeners: WatchListeners;
  readonly #options: { out?: string; threads?: number };
  readonly #times: WatchTimes;
  #status: WatchStatus = { state: 'watching', reason: '', growing: 0, answered: 0, failed: 0 };
  #wake = () => {};
  #asked = false;
  /** Of the last look, what went into answers. */
  #workedMs = 0;

  constructor(
    sweeps: SweepService,
    sweep: StoredSweep,
    listeners: WatchListeners = {},
    options: { out?: string; threads?: number } = {},
    times: WatchTimes = watchTimes,
  ) {
    this.#sweeps = sweeps;
    this.#sweep = sweep;
    this.#listeners = listeners;
    this.#options = options;
    this.#times = times;
  }

  get path(): string {
    return this.#sweep.paths[0] ?? '';
  }

  get status(): WatchStatus {
    return this.#status;
  }

  /** Until the signal. Throws what no waiting mends: NAME_TAKEN, INVALID_ARGUMENT of a file of answers. */
  async run(signal: AbortSignal): Promise<void> {
    const root = this.path;
    const events = new FolderEvents(root, () => this.#ask());
    const stop = () => this.#ask();
    signal.addEventListener('abort', stop);
    try {
      while (!signal.aborted) {
        this.#asked = false;
        await events.refresh();
        const began = performance.now();
        const growing = await this.#look(root, signal);
        // Looking through a large folder takes long: not more often than a fifth of the time.
        const restMs = Math.max(this.#times.gatherMs, 4 * (performance.now() - began - this.#workedMs));
        if (signal.aborted) break;
        await this.#wait(growing > 0 ? this.#times.settleMs : this.#times.rescanMs);
        if (this.#asked && !signal.aborted) await pause(Math.min(restMs, this.#times.rescanMs));
      }
    } finally {
      signal.removeEventListener('abort', stop);
      events.close();
    }
  }

  /** Classifies everything that is new and whole. Returns how many files still grow. */
  async #look(root: string, signal: AbortSignal): Promise<number> {
    if (!(await stat(root).catch(() => undefined))?.isDirectory()) {
      this.#tell({ state: 'missing', growing: 0 });
      return 0;
    }
    let growing = 0;
    let seen = false;
    let firstAt = 0;
    this.#workedMs = 0;
    const still = ({ changedAt }: StreamedPhoto) => {
      // A clock that runs ahead, or one of another machine: such files wait until the rescan finds them unchanged.
      const grows = changedAt !== null && Math.abs(Date.now() - changedAt) < this.#times.settleMs;
      if (grows) growing++;
      return !grows;
    };
    try {
      await this.#sweeps.run(this.#sweep.id, {
        ...this.#options,
        signal,
        take: still,
        onResult: (result) => {
          firstAt ||= performance.now();
          this.#workedMs = performance.now() - firstAt;
          if (!seen) this.#tell({ state: 'classifying', reason: '' });
          seen = true;
          this.#tell({
            answered: this.#status.answered + 1,
            failed: this.#status.failed + ('error' in result ? 1 : 0),
          });
          this.#listeners.onResult?.(result);
        },
      });
      this.#tell({ state: 'watching', reason: '', growing });
    } catch (error) {
      const { code, message } = toErrorReport(error);
      if (signal.aborted) return 0;
      if (error instanceof AppError && (code === 'NAME_TAKEN' || code === 'INVALID_ARGUMENT')) throw error;
      // An empty folder is no failure of a watch.
      if (code === 'NOT_FOUND' && error instanceof AppError && error.details?.paths !== undefined) {
        this.#tell({ state: 'watching', reason: '', growing });
      } else this.#tell({ state: 'failed', reason: message, growing });
    }
    return growing;
  }

  #tell(change: Partial<WatchStatus>): void {
    this.#status = { ...this.#status, ...change };
    this.#listeners.onStatus?.(this.#status);
  }

  #ask(): void {
    this.#asked = true;
    this.#wake();
  }

  /** Until something happens, and not longer than this. */
  async #wait(ms: number): Promise<void> {
    if (this.#asked) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
