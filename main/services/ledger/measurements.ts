// What the ledger reads of runs: the evaluations that count, who was wrong on which image, and when the training
// error came down. What has ended does not change, so that it is read once.
import { setImmediate as giveWay } from 'node:timers/promises';
import type { Evaluation } from '../../api/evaluation.ts';
import type { Run } from '../../api/runs.ts';
import type { ReadableDatabase } from '../../data/database.ts';
import { getEvaluation, listEvaluationsOfRun } from '../../data/evaluations.ts';
import { readCurve } from '../../data/metrics.ts';

/** The training error that Figure 1 measures the time to. */
export const targetTrainingError = 0.25;
/** Points of the training curve an epoch: the error of a single batch is too rough. */
const pointsAnEpoch = 4;

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

  /** Null where the labels of its images are not known: with `labels` from the data set. */
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
