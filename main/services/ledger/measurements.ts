// What the ledger reads of runs: the evaluations that count, who was wrong on which image, and when the training
// error came down. What has ended does not change, so that it is read once.
import { setImmediate as giveWay } from 'node:timers/promises';
import type { Evaluation } from '../../api/evaluation.ts';
import type { Run } from '../../api/runs.ts';
import type { ReadableDatabase } from '../../data/database.ts';
import {
  evaluationMembers,
  getEvaluation,
  listEvaluationsOfRun,
  pageEvaluations,
} from '../../data/evaluations.ts';
import { readCurve } from '../../data/metrics.ts';

/** The training error that Figure 1 measures the time to. */
export const targetTrainingError = 0.25;
/** Points of the training curve an epoch: the error of a single batch is too rough. */
const pointsAnEpoch = 4;
/** Evaluations of a run among which an average is looked for. */
const mostLookedThrough = 1000;

/** Per image of the split, in pack order: 1 wrong, 0 right. */
export interface Wrong {
  top1: Uint8Array;
  top5: Uint8Array;
}

export class Measurements {
  readonly #db: ReadableDatabase;
  readonly #wrong = new Map<string, Wrong>();
  readonly #epochs = new Map<string, number | null>();

  constructor(db: ReadableDatabase) {
    this.#db = db;
  }

  /** Of the run's last step on the validation split of its own data set, the newest. */
  evaluation(run: Run, crops: 1 | 10): Evaluation | undefined {
    return listEvaluationsOfRun(this.#db, run.id)
      .filter(
        (one) =>
          one.crops === crops &&
          one.split === 'val' &&
          one.datasetId === run.datasetId &&
          one.checkpointStep === run.step,
      )
      .at(-1);
  }

  /** Of the average of exactly these runs' last steps, the newest. */
  average(runs: readonly Run[], crops: 1 | 10): Evaluation | undefined {
    const [first] = runs;
    if (first === undefined) return undefined;
    const filter = { runId: first.id, datasetId: first.datasetId ?? undefined };
    return pageEvaluations(this.#db, filter, { offset: 0, limit: mostLookedThrough }).evaluations.find(
      (one) =>
        one.members === runs.length &&
        one.crops === crops &&
        one.split === 'val' &&
        evaluationMembers(this.#db, one.id).every((member) =>
          runs.some(({ id, step }) => member.runId === id && member.checkpointStep === step),
        ),
    );
  }

  /** Null where it does not fit the data set's `labels`, which was packed anew then. */
  async wrong(evaluationId: string, labels: readonly number[]): Promise<Wrong | null> {
    const known = this.#wrong.get(evaluationId);
    if (known !== undefined) return known;
    await giveWay(); // a million numbers are parsed
    const summary = getEvaluation(this.#db, evaluationId)?.summary;
    if (summary === undefined || summary.top5.length !== labels.length) return null;
    const wrong = { top1: new Uint8Array(labels.length), top5: new Uint8Array(labels.length) };
    labels.forEach((label, i) => {
      const answers = summary.top5[i] ?? [];
      wrong.top1[i] = answers[0] === label ? 0 : 1;
      wrong.top5[i] = answers.includes(label) ? 0 : 1;
    });
    this.#wrong.set(evaluationId, wrong);
    return wrong;
  }

  /** Epochs until the training error was 25 %, as means of a quarter of an epoch; null: not reached. */
  epochsToTarget(run: Run): number | null {
    const known = this.#epochs.get(run.id);
    if (known !== undefined) return known;
    const epochs = this.#measureEpochs(run);
    if (epochs !== null || run.state === 'finished') this.#epochs.set(run.id, epochs);
    return epochs;
  }

  #measureEpochs(run: Run): number | null {
    if (run.stepsPerEpoch === 0) return null;
    const points = Math.max(1, Math.ceil((pointsAnEpoch * run.step) / run.stepsPerEpoch));
    const curve = readCurve(this.#db, run.id, { points }).points;
    const middle = (i: number) => ((curve[i]?.firstStep ?? 1) - 1 + (curve[i]?.lastStep ?? 0)) / 2;
    const at = curve.findIndex(({ top1Error }) => top1Error <= targetTrainingError);
    const reached = curve[at];
    if (reached === undefined) return null;
    const before = curve[at - 1];
    if (before === undefined) return middle(at) / run.stepsPerEpoch;
    const share = (before.top1Error - targetTrainingError) / (before.top1Error - reached.top1Error);
    return (middle(at - 1) + share * (middle(at) - middle(at - 1))) / run.stepsPerEpoch;
  }
}
