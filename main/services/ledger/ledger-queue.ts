// Plans under way in the application: what they miss is put into the queue of jobs as soon as it can be done, also
// after a restart.
import type { LedgerPlan } from '../../api/ledger.ts';
import type { Job } from '../../api/operations/jobs.ts';
import type { WritableDatabase } from '../../data/database.ts';
import { plansOfRun } from '../../data/ledger.ts';
import type { Changes } from '../changes.ts';
import type { JobQueue } from '../jobs/job-queue.ts';
import type { LedgerService, Work } from './ledger.ts';

export interface LedgerQueueParts {
  db: WritableDatabase;
  ledger: LedgerService;
  queue: JobQueue;
  changes: Changes;
  log: (line: string) => void;
}

const unfinished: ReadonlySet<Job['state']> = new Set(['queued', 'running', 'paused']);

/** Nobody waits for what another process keeps from being queued. */
const patienceMs = 600_000;

export class LedgerQueue {
  readonly #parts: LedgerQueueParts;
  readonly #control = new AbortController();

  constructor(parts: LedgerQueueParts) {
    this.#parts = parts;
  }

  /** Plans that were under way go on, with what the end of the application interrupted; then jobs are listened to. */
  start(): void {
    for (const plan of this.#parts.ledger.plans()) if (plan.active) void this.#tryToQueue(plan, true);
    void this.#listen();
  }

  close(): void {
    this.#control.abort();
  }

  /**
   * Queues what can be done now. `again`: also runs that were stopped, interrupted or failed. Throws as
   * TrainingService.create() does.
   */
  queueMissing(plan: LedgerPlan, again: boolean): void {
    const { ledger, queue } = this.#parts;
    const jobs = queue.list().filter(({ state }) => unfinished.has(state));
    for (const work of ledger.missing(plan)) {
      if (work.kind === 'evaluate') this.#evaluate(plan, work, jobs);
      else if (work.run === undefined || work.run.startedAt === null || again) this.#train(plan, work, jobs);
    }
    if (ledger.missing(plan).length === 0) ledger.setActive(plan.id, false);
    this.#parts.changes.tell('ledger', plan.id);
  }

  /** Takes the plan's jobs out of the queue, but for runs that another plan under way needs. */
  cancel(plan: LedgerPlan): void {
    const { db, ledger, queue, changes } = this.#parts;
    ledger.setActive(plan.id, false);
    const active = new Set(ledger.plans().flatMap((one) => (one.active ? [one.id] : [])));
    const own = ledger
      .cells(plan)
      .flatMap(({ run }) => (run === undefined ? [] : [run.id]))
      .filter((id) => !plansOfRun(db, id).some((other) => active.has(other)));
    for (const job of queue.list()) {
      const mine = job.subject !== null && own.includes(job.subject);
      if (unfinished.has(job.state) && mine) queue.cancel(job.id);
    }
    changes.tell('ledger', plan.id);
  }

  #train(plan: LedgerPlan, work: Work & { kind: 'train' }, jobs: readonly Job[]): void {
    const { ledger, queue, changes } = this.#parts;
    const run = work.run ?? ledger.fill(plan, work.cell);
    if (run.state === 'finished' || run.state === 'diverged') return;
    if (run.state === 'running' || jobs.some(({ kind, subject }) => kind === 'train' && subject === run.id))
      return;
    queue.add({ kind: 'train', title: `Train ${run.name}`, request: { runId: run.id }, subject: run.id });
    changes.tell('runs', run.id);
  }

  #evaluate(plan: LedgerPlan, { runs, crops }: Work & { kind: 'evaluate' }, jobs: readonly Job[]): void {
    const [first] = runs;
    if (first === undefined) return;
    const what = runs.length === 1 ? first.name : `the average of ${runs.length} nets`;
    const title = `Evaluate ${what} on ${plan.datasetName}, ${crops === 1 ? 'one crop' : 'ten crops'}`;
    if (jobs.some((job) => job.kind === 'evaluate' && job.title === title && job.subject === first.id))
      return;
    const models = runs.map(({ id }) => `${id}@last`);
    const request = { models, datasetId: plan.settings.datasetId, split: 'val', crops, ties: 'first' };
    this.#parts.queue.add({ kind: 'evaluate', title, request, subject: first.id });
  }

  /** Whenever a job has ended there may be more to do. */
  async #listen(): Promise<void> {
    const { queue, ledger } = this.#parts;
    for await (const job of queue.watch(this.#control.signal)) {
      if (unfinished.has(job.state) || (job.kind !== 'train' && job.kind !== 'evaluate')) continue;
      const ids = job.subject === null ? [] : plansOfRun(this.#parts.db, job.subject);
      for (const plan of ledger.plans()) {
        if (!ids.includes(plan.id)) continue;
        if (plan.active && job.state === 'done') await this.#tryToQueue(plan, false);
        else this.#parts.changes.tell('ledger', plan.id);
      }
    }
  }

  /** Nobody waits for an answer: what is wrong goes into the log, and the plan shows what is missing. */
  async #tryToQueue(plan: LedgerPlan, again: boolean): Promise<void> {
    try {
      await this.#parts.db.untilFree(patienceMs);
      this.queueMissing(plan, again);
    } catch (error) {
      this.#parts.log(`ledger plan ${plan.id}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
