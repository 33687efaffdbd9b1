// The jobs as the desktop shows them while nobody looks at the window: progress in the task bar, and a notification
// when one ends.
import type { Job } from '../../api/operations/jobs.ts';
import type { Notice } from './electron-parts.ts';

export interface JobWatchParts {
  /** Every unfinished job at once, then each as it changes. */
  watch: (signal: AbortSignal) => AsyncIterable<Job>;
  /** Something about them changed. */
  onChange: (jobs: readonly Job[]) => void;
  onEnd: (job: Job) => void;
  /** The stream broke, which it does not by itself. */
  onFault: (error: unknown) => void;
}

function isUnfinished({ state }: Job): boolean {
  return state === 'queued' || state === 'running' || state === 'paused';
}

/** Unfinished jobs, as they are now. */
export class JobWatch {
  readonly #jobs = new Map<string, Job>();
  readonly #leave = new AbortController();
  readonly #parts: JobWatchParts;

  constructor(parts: JobWatchParts) {
    this.#parts = parts;
    void this.#follow();
  }

  get running(): Job[] {
    return [...this.#jobs.values()].filter(({ state }) => state === 'running');
  }

  /** Nothing runs and nothing will by itself. */
  get idle(): boolean {
    return [...this.#jobs.values()].every(({ state }) => state === 'paused');
  }

  close(): void {
    this.#leave.abort();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#leave;
    try {
      for await (const job of this.#parts.watch(signal)) {
        if (signal.aborted) return;
        this.#take(job);
      }
    } catch (error) {
      if (!signal.aborted) this.#parts.onFault(error);
    }
  }

  #take(job: Job): void {
    const before = this.#jobs.get(job.id);
    if (isUnfinished(job)) this.#jobs.set(job.id, job);
    else this.#jobs.delete(job.id);
    this.#parts.onChange([...this.#jobs.values()]);
    if (before !== undefined && !isUnfinished(job)) this.#parts.onEnd(job);
  }
}

export interface TaskbarProgress {
  /** 0 to 1; -1: nothing is shown; 2: something runs, nobody knows how far it is. */
  value: number;
  mode: 'normal' | 'paused' | 'indeterminate';
}

/** Of several jobs the training is shown, since it is what one waits for. */
export function taskbarProgress(jobs: readonly Job[]): TaskbarProgress {
  const shown = jobs.filter(({ state }) => state === 'running' || state === 'paused');
  const first = (state: Job['state']) =>
    shown.find((job) => job.state === state && job.kind === 'train') ??
    shown.find((job) => job.state === state);
  const job = first('running') ?? first('paused');
  if (job === undefined) return { value: -1, mode: 'normal' };
  const { progress } = job;
  if (progress === null || progress.total === null || progress.total <= 0)
    return job.state === 'paused' ? { value: 1, mode: 'paused' } : { value: 2, mode: 'indeterminate' };
  const value = Math.min(1, Math.max(0, progress.done / progress.total));
  return { value, mode: job.state === 'paused' ? 'paused' : 'normal' };
}

/** Shorter jobs are not worth a notification, unless they failed or trained. */
const shortMs = 10_000;

const longestWhy = 300;

/** What is told of a job that ended; undefined: nothing, since the user ended it or it was over at once. */
export function noticeOf(job: Job): Notice | undefined {
  const { title, kind, state, error, startedAt, endedAt } = job;
  const train = kind === 'train';
  if (state === 'done') {
    const short = startedAt === null || endedAt === null || endedAt - startedAt < shortMs;
    return short && !train ? undefined : { title, body: 'Done.', urgency: 'normal' };
  }
  // A notification is short: the engine's last words, on lines of their own, are on the job's screen.
  const [first = ''] = (error?.message ?? '').split('\n');
  const why = first.replace(/ Its last words:$/, '').slice(0, longestWhy);
  if (state === 'failed') return { title: `${title} failed`, body: why, urgency: 'critical' };
  if (state !== 'interrupted') return undefined;
  const next = train ? ' It can be resumed from its last checkpoint.' : ' It can be started again.';
  return { title: `${title} was interrupted`, body: `${why}${next}`.trim(), urgency: 'critical' };
}

/** The screen that tells of a job. */
export function screenOf({ kind, subject }: Job): string | undefined {
  return kind === 'train' && subject !== null ? `/runs/${subject}` : undefined;
}
