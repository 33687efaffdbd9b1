// Evaluates a model on a pack and sums the answers up.
import { AppError } from '../api/errors.ts';
import type { CancelFlag, NativeEvaluation } from './addon.ts';
import { type JobContext, type JobMessage, type RunningJob, unexpected } from './job.ts';
import { openPredictor } from './model-source.ts';
import type { EvaluateJob, EvaluationSummary } from './protocol.ts';

/** Crops that the net sees at once: enough to be fast, few enough for the memory of a small machine. */
const evaluationBatch = 64;

const answersShown = 5;

function rows(values: ArrayLike<number> & { subarray(begin: number, end: number): Iterable<number> }) {
  const list: number[][] = [];
  for (let begin = 0; begin < values.length; begin += answersShown) {
    list.push([...values.subarray(begin, begin + answersShown)]);
  }
  return list;
}

export function summarise(evaluation: NativeEvaluation): EvaluationSummary {
  const { images, loss, top1Error, top5Error } = evaluation;
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
    classImages: [...evaluation.classImages],
    classTop5Hits: [...evaluation.classTop5Hits],
    confusion,
    top5: rows(evaluation.top5),
    top5Probability: rows(evaluation.top5Probability),
    trueProbability: [...evaluation.trueProbability],
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
    const { pack, crops } = this.#job;
    const { send } = this.#context;
    const predictor = await openPredictor({ ...this.#job, batch: evaluationBatch }, this.#context);
    try {
      if (this.#cancelled) throw new AppError('CANCELLED', 'The evaluation was cancelled.');
      const onProgress = (done: number, total: number) => send({ type: 'progress', done, total });
      const evaluation = await predictor.evaluate(pack, crops, onProgress, this.#cancel);
      send({ type: 'evaluated', summary: summarise(evaluation) });
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
