// The queue of long work: kept in the database, run in order, as many at once as do not need the same.
import { AppError, toErrorReport } from '../../api/errors.ts';
import type { Job, JobKind as JobKindName, JobProgress } from '../../api/operations/jobs.ts';
import type { WritableDatabase } from '../../data/database.ts';
import { newId } from '../../data/ids.ts';
import {
  changeJob,
  deleteEndedJobs,
  getJob,
  insertJob,
  type JobChange,
  listEndedJobs,
  listUnfinishedJobs,
  moveJob,
  type StoredJob,
} from '../../data/jobs.ts';
import type { Changes } from '../changes.ts';
import { EventQueue } from '../event-queue.ts';
import { Throttle } from '../throttle.ts';
import type { JobKind } from './job-kind.ts';

export type JobKinds = Readonly<Record<JobKindName, JobKind>>;

export interface JobQueueParts {
  db: WritableDatabase;
  changes: Changes;
  kinds: JobKinds;
  /** For stacks of what was not foreseen. */
  log: (line: string) => void;
  /** Ms UTC. */
  now: () => number;
  /** After so long what could not be stored, on a full disk say, is tried again. */
  retryMs?: number;
}

export interface JobRequestToAdd {
  kind: JobKindName;
  /** For people. */
  title: string;
  request: object;
  subject?: string;
}

interface Running {
  controller: AbortController;
  slots: string[];
  progress: JobProgress | null;
  /** Why it is being stopped. */
  stopping: 'cancelled' | 'paused' | 'interrupted' | undefined;
  told: Throttle;
  ended: Promise<void>;
}

const endedShown = 100;
const died: ReadonlySet<string> = new Set(['ENGINE_DIED', 'DEVICE_LOST']);
const progressEveryMs = 100;
const retryMs = 5000;

/** What a job learns of itself while it runs. */
type JobNote = Pick<JobChange, 'subject' | 'result' | 'skipped'>;

export class JobQueue {
  readonly #parts: JobQueueParts;
  readonly #running = new Map<string, Running>();
  readonly #watchers = new Set<(job: Job) => void>();
  /** How jobs ended, where the database could not take it yet: it is told, and stored when that is possible. */
  readonly #unstored = new Map<string, JobChange>();
  /** The same of what jobs under way have learnt of themselves. */
  readonly #unstoredNotes = new Map<string, JobNote>();
  #retry: NodeJS.Timeout | undefined;
  #started = false;

  constructor(parts: JobQueueParts) {
    this.#parts = parts;
  }

  /** Work that ran when the application ended is told as interrupted; then the queue goes on. */
  start(): void {
    const { db, kinds, now } = this.#parts;
    for (const job of listUnfinishedJobs(db)) {
      const lost =
        job.state === 'running' || (job.state === 'paused' && kinds[job.kind].pausing === 'inPlace');
      if (!lost) continue;
      const message = 'the application ended while this was under way; start it again to continue';
      changeJob(db, job.id, {
        state: 'interrupted',
        error: { code: 'CANCELLED', message },
        endedAt: now(),
      });
    }
    this.#started = true;
    this.#advance();
  }

  /** Returns the job's id. */
  add({ kind, title, request, subject }: JobRequestToAdd): string {
    const { db, now } = this.#parts;
    const id = newId();
    insertJob(db, { id, kind, title, request, subject: subject ?? null, createdAt: now() });
    this.#tell(id);
    this.#advance();
    return id;
  }

  list(): Job[] {
    const { db } = this.#parts;
    const unfinished = listUnfinishedJobs(db);
    const waiting = (job: StoredJob) => job.state === 'queued';
    return [
      ...unfinished.filter((job) => !waiting(job)),
      ...unfinished.filter(waiting),
      ...listEndedJobs(db, endedShown),
    ].map((job) => this.#show(job));
  }

  /** The unfinished job that works on this, if there is one. */
  findBySubject(subject: string, kinds: readonly JobKindName[]): Job | undefined {
    const found = listUnfinishedJobs(this.#parts.db).find(
      (job) => job.subject === subject && kinds.includes(job.kind),
    );
    return found && this.#show(found);
  }

  /** Throws NOT_FOUND. */
  get(id: string): Job {
    return this.#show(this.#existing(id));
  }

  /** Every unfinished job, then each as it changes. */
  watch(signal: AbortSignal): AsyncIterableIterator<Job> {
    const listener = (job: Job) => queue.push(job);
    const queue = new EventQueue<Job>(signal, () => this.#watchers.delete(listener));
    for (const job of listUnfinishedJobs(this.#parts.db)) queue.push(this.#show(job));
    if (!signal.aborted) this.#watchers.add(listener);
    return queue;
  }

  /** Throws NOT_FOUND, INVALID_ARGUMENT where it has ended. */
  cancel(id: string): void {
    const job = this.#existing(id);
    const running = this.#running.get(id);
    if (running !== undefined) {
      running.stopping = 'cancelled';
      running.controller.abort();
      return;
    }
    if (job.state !== 'queued' && job.state !== 'paused') throw ended(job);
    this.#change(id, { state: 'cancelled', endedAt: this.#parts.now() });
    if (job.startedAt === null) this.#parts.kinds[job.kind].discard?.(job);
    this.#advance();
  }

  /** Throws NOT_FOUND, INVALID_ARGUMENT where it does not run or cannot pause. */
  pause(id: string): void {
    const job = this.#existing(id);
    const kind = this.#parts.kinds[job.kind];
    const running = this.#running.get(id);
    if (running === undefined || job.state !== 'running' || kind.pausing === 'never') {
      throw new AppError(
        'INVALID_ARGUMENT',
        `"${job.title}" ${kind.pausing === 'never' ? 'cannot pause; cancel it instead' : 'does not run now'}`,
        { job: id },
      );
    }
    if (kind.pausing === 'byStopping') {
      running.stopping = 'paused';
      running.controller.abort();
    } else {
      kind.setPaused?.(job, true);
      this.#change(id, { state: 'paused' });
    }
  }

  /** Throws NOT_FOUND, INVALID_ARGUMENT where it does not pause. */
  resume(id: string): void {
    const job = this.#existing(id);
    if (job.state !== 'paused') {
      throw new AppError('INVALID_ARGUMENT', `"${job.title}" does not pause`, { job: id });
    }
    const inPlace = this.#running.has(id);
    if (inPlace) this.#parts.kinds[job.kind].setPaused?.(job, false);
    this.#change(id, { state: inPlace ? 'running' : 'queued' });
    this.#advance();
  }

  /** Throws NOT_FOUND, INVALID_ARGUMENT unless it is queued. */
  move(id: string, before: string | null): void {
    const job = this.#existing(id);
    if (job.state !== 'queued') {
      throw new AppError('INVALID_ARGUMENT', `"${job.title}" does not wait in the queue`, { job: id });
    }
    moveJob(this.#parts.db, id, before);
    this.#parts.changes.tell('jobs');
    this.#advance();
  }

  clear(): void {
    deleteEndedJobs(this.#parts.db);
    this.#parts.changes.tell('jobs');
  }

  /** Stops what runs, as cancelling does, and waits for it; the queue is kept for the next start. */
  async close(): Promise<void> {
    this.#started = false;
    clearTimeout(this.#retry);
    for (const running of this.#running.values()) {
      running.stopping ??= 'interrupted';
      running.controller.abort();
    }
    await Promise.all([...this.#running.values()].map((running) => running.ended));
    if (this.#unstored.size + this.#unstoredNotes.size === 0) return;
    clearTimeout(this.#retry);
    await this.#parts.db.untilFree().catch(() => {});
    this.#storeRest();
    clearTimeout(this.#retry);
  }

  /** Starts what can start, in order: a job also waits for an earlier one that waits for the same. */
  #advance(): void {
    if (!this.#started) return;
    const taken = new Set([...this.#running.values()].flatMap((running) => running.slots));
    for (const job of listUnfinishedJobs(this.#parts.db)) {
      if (job.state !== 'queued' || this.#running.has(job.id)) continue;
      const slots = this.#parts.kinds[job.kind].slots(job.request);
      const free = slots.every((slot) => !taken.has(slot));
      for (const slot of slots) taken.add(slot);
      if (free && !this.#begin(job, slots)) return;
    }
  }

  /** False where that could not be stored: it waits on. */
  #begin(job: StoredJob, slots: string[]): boolean {
    try {
      changeJob(this.#parts.db, job.id, { state: 'running', startedAt: this.#parts.now() });
    } catch (error) {
      this.#tryLater(error);
      return false;
    }
    const running: Running = {
      controller: new AbortController(),
      slots,
      progress: null,
      stopping: undefined,
      told: new Throttle(progressEveryMs, () => this.#tellWatchers(job.id)),
      ended: Promise.resolve(),
    };
    this.#running.set(job.id, running);
    this.#tell(job.id);
    running.ended = this.#run(job, running);
    return true;
  }

  async #run(job: StoredJob, running: Running): Promise<void> {
    const { kinds, now } = this.#parts;
    let change: JobChange;
    try {
      await kinds[job.kind].run(job.request, {
        id: job.id,
        signal: running.controller.signal,
        progress: (progress) => {
          running.progress = progress;
          running.told.request();
        },
        subject: (subject) => this.#note(job.id, { subject }),
        result: (result) => this.#note(job.id, { result }),
        skipped: (skipped) => this.#note(job.id, { skipped }),
      });
      change = { state: 'done', endedAt: now() };
    } catch (error) {
      change = this.#outcome(error, running);
    }
    running.told.cancel();
    this.#running.delete(job.id);
    this.#unstored.set(job.id, change);
    this.#storeRest();
    this.#tell(job.id);
    this.#advance();
  }

  #storeRest(): void {
    try {
      for (const [id, note] of this.#unstoredNotes) {
        changeJob(this.#parts.db, id, { ...note, state: this.#existing(id).state });
        this.#unstoredNotes.delete(id);
      }
      for (const [id, change] of this.#unstored) {
        changeJob(this.#parts.db, id, change);
        this.#unstored.delete(id);
      }
    } catch (error) {
      this.#tryLater(error);
    }
  }

  /** Nobody is there to be told but the log: what the user does next says what is wrong. */
  #tryLater(error: unknown): void {
    this.#parts.log(`the queue could not be stored: ${toErrorReport(error).message}`);
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      this.#storeRest();
      this.#advance();
    }, this.#parts.retryMs ?? retryMs);
    this.#retry.unref();
  }

  #outcome(error: unknown, running: Running): JobChange {
    const endedAt = this.#parts.now();
    const { code, message } = toErrorReport(error);
    const aborted = running.controller.signal.aborted && (code === 'CANCELLED' || isAbort(error));
    if (aborted && running.stopping === 'paused') return { state: 'paused' };
    if (aborted && running.stopping === 'interrupted') {
      return { state: 'interrupted', error: { code: 'CANCELLED', message }, endedAt };
    }
    // Work that takes orders of its own may be stopped by one of them, as training is.
    if (aborted || code === 'CANCELLED') return { state: 'cancelled', endedAt };
    // What computed it is gone; the work itself is as good as where it stopped.
    if (died.has(code)) return { state: 'interrupted', error: { code, message }, endedAt };
    if (code === 'INTERNAL' && error instanceof Error) this.#parts.log(error.stack ?? message);
    return { state: 'failed', error: { code, message }, endedAt };
  }

  /** What a running job learns of itself. */
  #note(id: string, note: JobNote): void {
    this.#unstoredNotes.set(id, { ...this.#unstoredNotes.get(id), ...note });
    this.#storeRest();
    this.#running.get(id)?.told.request();
  }

  #change(id: string, change: JobChange): void {
    changeJob(this.#parts.db, id, change);
    this.#tell(id);
  }

  #tell(id: string): void {
    this.#parts.changes.tell('jobs', id);
    this.#tellWatchers(id);
  }

  #tellWatchers(id: string): void {
    if (this.#watchers.size === 0) return;
    const job = this.get(id);
    for (const watcher of this.#watchers) watcher(job);
  }

  #existing(id: string): StoredJob {
    const job = getJob(this.#parts.db, id);
    if (job === undefined)
      throw new AppError('NOT_FOUND', 'this job is not in the list any more', { job: id });
    return job;
  }

  #show({ request: _request, ...job }: StoredJob): Job {
    const running = this.#running.get(job.id);
    const { state = job.state, error = job.error, endedAt = job.endedAt } = this.#unstored.get(job.id) ?? {};
    return {
      ...job,
      ...this.#unstoredNotes.get(job.id),
      state,
      error,
      endedAt,
      progress: running?.progress ?? null,
      canPause: state === 'running' && this.#parts.kinds[job.kind].pausing !== 'never',
    };
  }
}

function ended(job: StoredJob): AppError {
  return new AppError('INVALID_ARGUMENT', `"${job.title}" has ended already (${job.state})`, { job: job.id });
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
