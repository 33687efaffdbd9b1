// Evaluates models on a pack, one after the other, and sums the answers up; of several also their average.
import { dirname } from 'node:path';
import { countCalibration } from '../api/calibration.ts';
import { AppError } from '../api/errors.ts';
import { encodeBlocks } from '../api/evaluation-answers.ts';
import type { CancelFlag, NativeAnswerSums, NativeEvaluation } from './addon.ts';
import { type JobContext, type JobMessage, type RunningJob, unexpected } from './job.ts';
import { openPredictor } from './model-source.ts';
import type { EvaluatedModel, EvaluateJob, EvaluationSummary } from './protocol.ts';

/** Crops that the net sees at once: enough to be fast, few enough for the memory of a small machine. */
const evaluationBatch = 64;

export function summarise(evaluation: NativeEvaluation): EvaluationSummary {
  const { images, loss, top1Error, top5Error, top1Interval, top5Interval } = evaluation;
  const classes = evaluation.classImages.length;
  const confusion: [number, number, number][] = [];
  evaluation.confusion.forEach((count, cell) => {
    if (count > 0) confusion.push([Math.floor(cell / classes), cell % classes, count]);
  });
  return {
    images,
    loss,
    top1Error,
    top5Error,
    top1Interval,
    top5Interval,
    classImages: [...evaluation.classImages],
    classTop5Hits: [...evaluation.classTop5Hits],
    confusion,
    calibration: countCalibration(evaluation),
  };
}

export class EvaluateRun implements RunningJob {
  readonly #job: EvaluateJob;
  readonly #context: JobContext;
  readonly #cancel: CancelFlag;
  #cancelled = false;

  constructor(job: EvaluateJob, context: JobContext) {
    this.#job = job;
    this.#context = context;
    this.#cancel = context.addon.createCancelFlag();
  }

  async run(): Promise<void> {
    const { models, pack, ties } = this.#job;
    const sums = models.length > 1 ? this.#makeSums() : undefined;
    try {
      for (const [place, model] of models.entries()) {
        this.#tell(place, await this.#evaluate(model, place, sums));
      }
      if (sums !== undefined) this.#tell('average', await sums.average(pack, this.#cancel, ties));
    } finally {
      sums?.close();
    }
  }

  #tell(of: number | 'average', evaluation: NativeEvaluation): void {
    const { send } = this.#context;
    for (const block of encodeBlocks(evaluation)) send({ type: 'answers', block });
    send({ type: 'evaluated', of, summary: summarise(evaluation) });
  }

  /** Beside the pack: a disk with room for its images has room for the answers to them. */
  #makeSums(): NativeAnswerSums {
    const { addon } = this.#context;
    const { pack } = this.#job;
    const opened = addon.openPack(pack);
    try {
      return addon.createAnswerSums(dirname(pack), opened.count, opened.classes);
    } finally {
      opened.close();
    }
  }

  /** One net at a time in memory. */
  async #evaluate(
    model: EvaluatedModel,
    place: number,
    sums: NativeAnswerSums | undefined,
  ): Promise<NativeEvaluation> {
    const { models, pack, crops, ties, devices, precision, threads, classOf: classes } = this.#job;
    const classOf = classes && Int32Array.from(classes);
    const { send } = this.#context;
    const setup = { ...model, devices, precision, threads, batch: evaluationBatch };
    const predictor = await openPredictor(setup, this.#context);
    try {
      if (this.#cancelled) throw new AppError('CANCELLED', 'The evaluation was cancelled.');
      const onProgress = (done: number, total: number) =>
        send({ type: 'progress', done: place * total + done, total: models.length * total });
      return await predictor.evaluate(pack, crops, onProgress, this.#cancel, { ties, sums, classOf });
    } finally {
      await predictor.close();
    }
  }

  handle(message: JobMessage): void {
    if (message.type !== 'cancel') throw unexpected('evaluate', message);
    this.#cancelled = true;
    this.#cancel.cancel();
  }
}
