// What the ledger reads of runs: the evaluations that count, who was wrong on which image, and when the training
// error came down. What has ended does not change, so that it is read once.
import { setImmediate as giveWay } from 'node:timers/promises';
import type { Evaluation } from '../../api/evaluation.ts';
import { answersKept } from '../../api/evaluation-answers.ts';
import type { Run } from '../../api/runs.ts';
import type { WritableDatabase } from '../../data/database.ts';
import { readAnswers } from '../../data/evaluation-answers.ts';
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
  readonly #db: WritableDatabase;
  readonly #wrong = new Map<string, Wrong>();
  readonly #epochs = new Map<string, number | null>();

  constructor(db: WritableDatabase) {
    this.#db = db;
  }

  /** Of the run's last step on the validation split of its own data set, the newest. */
  evaluation(run: Run, crops: 1 | 10): Evaluation | undefined {
    return listEvaluationsOfRun(this.#db, run.id)
      .filter(
        (one) =>
          one.crops === crops &&
          one.split === 'val' &&
          one.ties === 'first' &&
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
        one.ties === 'first' &&
        evaluationMembers(this.#db, one.id).every((member) =>
          runs.some(({ id, step }) => member.runId === id && member.checkpointStep === step),
        ),
    );
  }

  /** Null where the true labels are not known any more. */
  async wrong({ id }: Evaluation): Promise<Wrong | null> {
    const known = this.#wrong.get(id);
    if (known !== undefined) return known;
    await giveWay(); // many thousand answers are read
    const evaluation = getEvaluation(this.#db, id);
    if (evaluation === undefined) return null;
    const { images, labels, top5 } = readAnswers(this.#db, evaluation);
    if (labels.includes(-1)) return null;
    const wrong = { top1: new Uint8Array(images), top5: new Uint8Array(images) };
    labels.forEach((label, i) => {
      const answers = top5.subarray(i * answersKept, (i + 1) * answersKept);
      wrong.top1[i] = answers[0] === label ? 0 : 1;
      wrong.top5[i] = answers.includes(label) ? 0 : 1;
    });
    this.#wrong.set(id, wrong);
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
