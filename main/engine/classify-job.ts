// Keeps a model open and classifies files, one list after the other, until it is told to finish.
import { AppError, isErrorCode } from '../api/errors.ts';
import type { NativePredictor, PhotoAnswer } from './addon.ts';
import { type JobContext, type JobMessage, type RunningJob, unexpected } from './job.ts';
import { openPredictor } from './model-source.ts';
import type { ClassifyJob, FromHost, Prediction } from './protocol.ts';

type Answer = Extract<FromHost, { type: 'classified' }>['answers'][number];

/** What a net answers with broken weights is no number: it can be neither kept nor shown. Undefined: all are numbers. */
export function brokenAnswer(probabilities: Float32Array): AppError | undefined {
  if (probabilities.every(Number.isFinite)) return undefined;
  return new AppError(
    'INVALID_MODEL',
    'the net answers with what is no number: its weights are broken; use another checkpoint, or import another file',
  );
}

/** The most probable classes, descending; equal ones by class. */
export function rank(probabilities: Float32Array, top: number): Prediction[] {
  const order = Uint32Array.from(probabilities.keys()).sort(
    (a, b) => (probabilities[b] ?? 0) - (probabilities[a] ?? 0) || a - b,
  );
  return Array.from(order.subarray(0, top), (index) => ({
    class: index,
    probability: probabilities[index] ?? 0,
  }));
}

/** Of a softmax, in nats. */
export function entropyOf(probabilities: Float32Array): number {
  let sum = 0;
  for (const p of probabilities) if (p > 0) sum -= p * Math.log(p);
  return sum;
}

const testCrops = 10;

function toAnswer({ probabilities, crops, error }: PhotoAnswer, top: number): Answer {
  if (probabilities !== undefined) {
    const broken = brokenAnswer(probabilities);
    if (broken !== undefined) return { error: { code: broken.code, message: broken.message } };
    const answer: Answer = { predictions: rank(probabilities, top), entropy: entropyOf(probabilities) };
    if (crops === undefined) return answer;
    const classes = probabilities.length;
    const each = Array.from({ length: testCrops }, (_, i) => crops.subarray(i * classes, (i + 1) * classes));
    return { ...answer, crops: each.map((crop) => rank(crop, top)) };
  }
  const code = isErrorCode(error?.code) ? error.code : 'INTERNAL';
  return { error: { code, message: error?.message ?? 'The engine gave no answer for this file.' } };
}

export class ClassifyRun implements RunningJob {
  readonly #job: ClassifyJob;
  readonly #context: JobContext;
  readonly #waiting: { id: number; paths: string[] }[] = [];
  #finishing = false;
  #cancelled = false;
  #predictor: NativePredictor | undefined;
  #wake = () => {};

  constructor(job: ClassifyJob, context: JobContext) {
    this.#job = job;
    this.#context = context;
  }

  async run(): Promise<void> {
    const predictor = await openPredictor(this.#job, this.#context);
    this.#predictor = predictor;
    try {
      this.#context.send({ type: 'loaded', classes: predictor.classes });
      for (let next = await this.#next(); next !== undefined; next = await this.#next()) {
        const answers = await predictor.classifyFiles(next.paths, this.#job.crops, this.#job.eachCrop);
        const top = this.#job.top ?? predictor.classes;
        this.#context.send({
          type: 'classified',
          id: next.id,
          answers: answers.map((answer) => toAnswer(answer, top)),
        });
      }
    } finally {
      await predictor.close();
    }
  }

  handle(message: JobMessage): void {
    if (message.type === 'classify') {
      this.#waiting.push(message);
    } else if (message.type === 'finish') {
      this.#finishing = true;
    } else if (message.type === 'cancel') {
      this.#cancelled = true;
      void this.#predictor?.close(); // ends the list that is being classified
    } else {
      throw unexpected('classify', message);
    }
    this.#wake();
  }

  /** The next list of files; undefined when there will be none. */
  async #next(): Promise<{ id: number; paths: string[] } | undefined> {
    while (true) {
      if (this.#cancelled) throw new AppError('CANCELLED', 'The classification was cancelled.');
      const next = this.#waiting.shift();
      if (next !== undefined || this.#finishing) return next;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
