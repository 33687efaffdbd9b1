// The jobs about packs: writing one, and checking every byte of one.
import type { CancelFlag, PackProgress } from './addon.ts';
import { type JobContext, type JobMessage, type RunningJob, unexpected } from './job.ts';
import type { PackJob, VerifyPackJob } from './protocol.ts';

export class PackRun implements RunningJob {
  readonly #job: PackJob;
  readonly #context: JobContext;
  readonly #cancel: CancelFlag;

  constructor(job: PackJob, context: JobContext) {
    this.#job = job;
    this.#context = context;
    this.#cancel = context.addon.createCancelFlag();
  }

  async run(): Promise<void> {
    const { addon, send } = this.#context;
    const onProgress = (progress: PackProgress) => send({ type: 'packProgress', progress });
    const result = await addon.writePack(this.#job.options, onProgress, this.#cancel);
    send({ type: 'packed', result });
  }

  handle(message: JobMessage): void {
    if (message.type !== 'cancel') throw unexpected('pack', message);
    this.#cancel.cancel();
  }
}

export class VerifyPackRun implements RunningJob {
  readonly #job: VerifyPackJob;
  readonly #context: JobContext;
  readonly #cancel: CancelFlag;

  constructor(job: VerifyPackJob, context: JobContext) {
    this.#job = job;
    this.#context = context;
    this.#cancel = context.addon.createCancelFlag();
  }

  async run(): Promise<void> {
    const { addon, send } = this.#context;
    const pack = addon.openPack(this.#job.pack);
    try {
      await pack.verify((done, total) => send({ type: 'progress', done, total }), this.#cancel);
    } finally {
      pack.close();
    }
    send({ type: 'verified' });
  }

  handle(message: JobMessage): void {
    if (message.type !== 'cancel') throw unexpected('verifyPack', message);
    this.#cancel.cancel();
  }
}
