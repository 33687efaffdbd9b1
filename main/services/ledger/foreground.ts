// A plan run to its end in this process, one thing after the other: for the command line. The same again goes on
// where it was stopped; two at once share the work.
import { setTimeout as wait } from 'node:timers/promises';
import { AppError, toErrorReport } from '../../api/errors.ts';
import type { LedgerPlan } from '../../api/ledger.ts';
import type { Run, RunProgress } from '../../api/runs.ts';
import type { EvaluationService } from '../evaluation.ts';
import type { TrainingService } from '../training.ts';
import type { LedgerService, Work } from './ledger.ts';

export interface ForegroundParts {
  ledger: LedgerService;
  training: TrainingService;
  evaluation: EvaluationService;
}

export interface ForegroundEvents {
  /** What begins now, and how much is left with it. */
  begins(work: Work, run: Run, left: number): void;
  training(run: Run, event: RunProgress): void;
  evaluating(done: number, total: number): void;
  evaluated(work: Work & { kind: 'evaluate' }, top1Error: number): void;
  /** The plan goes on without it. */
  failed(work: Work, code: string, message: string): void;
}

const keyOf = ({ cell, ...work }: Work) =>
  `${work.kind} ${cell.recipe.id} ${cell.seed}${work.kind === 'evaluate' ? ` ${work.crops} ${work.runs.length}` : ''}`;

/** How often it is looked whether another process is done with a run. */
const pollMs = 3000;

/** Returns how many things failed. Throws CANCELLED after the signal. */
export async function runPlan(
  parts: ForegroundParts,
  plan: LedgerPlan,
  events: ForegroundEvents,
  signal: AbortSignal,
): Promise<number> {
  const failed = new Set<string>();
  /** Trained by another process. */
  const elsewhere = new Set<string>();
  for (;;) {
    if (signal.aborted) throw new AppError('CANCELLED', 'stopped; the same command goes on from here');
    const missing = parts.ledger.missing(plan).filter((work) => !failed.has(keyOf(work)));
    if (missing.length === 0) return failed.size;
    const work = missing.find((one) => !elsewhere.has(keyOf(one)));
    if (work === undefined) {
      await wait(pollMs, undefined, { signal }).catch(() => {});
      elsewhere.clear();
      continue;
    }
    try {
      await doWork(parts, plan, work, missing.length, events, signal);
    } catch (error) {
      const { code, message } = toErrorReport(error);
      if (signal.aborted) throw error;
      if (code === 'BUSY') {
        elsewhere.add(keyOf(work));
        continue;
      }
      failed.add(keyOf(work));
      events.failed(work, code, message);
    }
  }
}

async function doWork(
  { ledger, training, evaluation }: ForegroundParts,
  plan: LedgerPlan,
  work: Work,
  left: number,
  events: ForegroundEvents,
  signal: AbortSignal,
): Promise<void> {
  if (work.kind === 'train') {
    const run = work.run ?? ledger.fill(plan, work.cell);
    if (run.state === 'finished' || run.state === 'diverged') return; // one that was there already
    events.begins(work, run, left);
    await training.train(run.id, (event) => events.training(run, event), signal);
    return;
  }
  const [run] = work.runs;
  if (run === undefined) return;
  events.begins(work, run, left);
  const { threads } = plan.settings;
  const models = work.runs.map(({ id }) => `${id}@last`);
  const result = await evaluation.evaluate(
    { models, dataset: plan.datasetName, split: 'val', crops: work.crops, ties: 'first', threads },
    events.evaluating,
    signal,
  );
  events.evaluated(work, result.top1Error);
}
