// What a run tells those who watch it: read from the database, where everything is before it is told. So any number
// may watch, from any step on, also a run that another process trains, and nobody misses anything.
import { AppError } from '../api/errors.ts';
import type { RunBatch, WatchRun } from '../api/operations/runs.ts';
import type { Run, RunState } from '../api/runs.ts';
import type { ReadableDatabase } from '../data/database.ts';
import { lastEventId, listNewEvents } from '../data/events.ts';
import { listMetrics, listValidations } from '../data/metrics.ts';
import { getRun } from '../data/runs.ts';

/** A run of this process says when there is something new; one of another process is looked at this often. */
const lookEveryMs = 1000;
const stepsAtOnce = 2000;
/** More missed steps than this are not told one by one. */
const mostMissed = 20_000;

const unfinished: ReadonlySet<RunState> = new Set(['queued', 'running', 'paused']);

interface Cursor {
  step: number;
  /** The last validation's epoch. */
  epoch: number;
  event: number;
  /** The run as it was told last. */
  run: string;
}

export class RunFeed {
  readonly #db: ReadableDatabase;
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(db: ReadableDatabase) {
    this.#db = db;
  }

  /** Something of this run was stored. */
  notify(runId: string): void {
    for (const wake of this.#waiting.get(runId) ?? []) wake();
  }

  /** Throws NOT_FOUND. Ends after a run has ended and everything of it was told. */
  async *watch(request: WatchRun, signal: AbortSignal): AsyncGenerator<RunBatch> {
    const cursor = this.#begin(request);
    let first = true;
    while (!signal.aborted) {
      const { batch, over, full } = this.#read(request.id, cursor, first);
      first = false;
      if (batch !== undefined) yield batch;
      if (over) return;
      if (!full) await this.#news(request.id, signal);
    }
  }

  #begin({ id, afterStep, afterEvent }: WatchRun): Cursor {
    const run = this.#existing(id);
    const known = listValidations(this.#db, id).filter(
      ({ step }) => afterStep === undefined || step < afterStep,
    );
    return {
      step: afterStep ?? run.step,
      epoch: known.reduce((most, { epoch }) => Math.max(most, epoch), 0),
      event: afterEvent ?? lastEventId(this.#db),
      run: '',
    };
  }

  /** `full`: there may be more at once. */
  #read(id: string, cursor: Cursor, first: boolean): { batch?: RunBatch; over: boolean; full: boolean } {
    // The run before the rest: what comes in between is told with the next batch, so its end is told last.
    const run = this.#existing(id);
    let gap: RunBatch['gap'] = null;
    if (run.step - cursor.step > mostMissed) {
      gap = { fromStep: cursor.step + 1, toStep: run.step };
      cursor.step = run.step;
    }
    const metrics = listMetrics(this.#db, id, cursor.step, stepsAtOnce);
    const validations = listValidations(this.#db, id).filter(({ epoch }) => epoch > cursor.epoch);
    const events = listNewEvents(this.#db, id, cursor.event);
    cursor.step = metrics.at(-1)?.step ?? cursor.step;
    cursor.epoch = validations.at(-1)?.epoch ?? cursor.epoch;
    cursor.event = events.at(-1)?.id ?? cursor.event;
    const shown = JSON.stringify(run);
    const changed = shown !== cursor.run;
    cursor.run = shown;
    const something = changed || gap !== null || metrics.length + validations.length + events.length > 0;
    const full = metrics.length === stepsAtOnce;
    const batch = { run: changed ? run : null, metrics, validations, events, gap };
    return {
      ...(something || first ? { batch } : {}),
      over: !unfinished.has(run.state) && !full,
      full,
    };
  }

  #existing(id: string): Run {
    const run = getRun(this.#db, id);
    if (run === undefined) throw new AppError('NOT_FOUND', 'this run does not exist any more', { run: id });
    return run;
  }

  /** Resolves when there may be something new, or the watcher has left. */
  async #news(id: string, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const waiting = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, waiting);
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        waiting.delete(done);
        if (waiting.size === 0 && this.#waiting.get(id) === waiting) this.#waiting.delete(id);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, lookEveryMs);
      waiting.add(done);
      signal.addEventListener('abort', done);
    });
  }
}
