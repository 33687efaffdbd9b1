// Writes the features of a pack's images as an index for retrieval.
import { AppError } from '../api/errors.ts';
import type { CancelFlag } from './addon.ts';
import { fastPrecision } from './inspect-job.ts';
import { type JobContext, type JobMessage, type RunningJob, unexpected } from './job.ts';
import { openPredictor } from './model-source.ts';
import type { IndexJob } from './protocol.ts';

const imagesAtOnce = 64;

export class IndexRun implements RunningJob {
  readonly #job: IndexJob;
  readonly #context: JobContext;
  readonly #cancel: CancelFlag;
  #cancelled = false;

  constructor(job: IndexJob, context: JobContext) {
    this.#job = job;
    this.#context = context;
    this.#cancel = context.addon.createCancelFlag();
  }

  async run(): Promise<void> {
    const { pack, indexFile, identity, threads, devices } = this.#job;
    const { addon, send } = this.#context;
    const precision = fastPrecision(addon, devices);
    const predictor = await openPredictor({ ...this.#job, precision, batch: imagesAtOnce }, this.#context);
    try {
      if (this.#cancelled) throw new AppError('CANCELLED', 'The index was cancelled.');
      const onProgress = (done: number, total: number) => send({ type: 'progress', done, total });
      const options = { packPath: pack, indexPath: indexFile, identity, threads };
      await predictor.buildIndex(options, onProgress, this.#cancel);
      send({ type: 'indexed' });
    } finally {
      await predictor.close();
    }
  }

  handle(message: JobMessage): void {
    if (message.type !== 'cancel') throw unexpected('index', message);
    this.#cancelled = true;
    this.#cancel.cancel();
  }
}
