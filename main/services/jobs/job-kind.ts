// What the queue knows of each kind of work.
import type { JobProgress } from '../../api/operations/jobs.ts';
import type { StoredJob } from '../../data/jobs.ts';

export interface JobContext {
  readonly id: string;
  /** Aborted when the job is cancelled, paused by stopping, or the application closes. */
  readonly signal: AbortSignal;
  progress(progress: JobProgress): void;
  /** What it works on, where that is only known now. */
  subject(id: string): void;
  /** What it made. */
  result(id: string): void;
  /** How many files were left out so far. */
  skipped(count: number): void;
}

export type JobRequest = Record<string, unknown>;

export interface JobKind {
  /** What it needs for itself: no two jobs that run have one of these in common. */
  slots(request: JobRequest): string[];
  /** `inPlace`: it goes on to hold its slots. `byStopping`: it is run again, and continues what it had done. */
  pausing: 'never' | 'inPlace' | 'byStopping';
  /**
   * Resolves when the work is done; rejects with CANCELLED or an AbortError after the signal, and with CANCELLED where
   * it was stopped in another way.
   */
  run(request: JobRequest, context: JobContext): Promise<void>;
  /** For `inPlace`. */
  setPaused?(job: StoredJob, paused: boolean): void;
  /** It was cancelled before it ever ran. */
  discard?(job: StoredJob): void;
}

/** The time left, from the speed since the work began. */
export class Pace {
  readonly #now: () => number;
  #began: { at: number; done: number } | undefined;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** A new phase of the work has another speed. */
  restart(): void {
    this.#began = undefined;
  }

  measure(done: number, total: number | null): { perSecond: number | null; remainingMs: number | null } {
    const at = this.#now();
    this.#began ??= { at, done };
    const elapsedMs = at - this.#began.at;
    const made = done - this.#began.done;
    if (elapsedMs < 500 || made <= 0) return { perSecond: null, remainingMs: null };
    const perSecond = (made * 1000) / elapsedMs;
    return { perSecond, remainingMs: total === null ? null : ((total - done) * 1000) / perSecond };
  }
}
