// A process that is kept open and answers questions, each by its number, in any order.
import { AppError } from '../api/errors.ts';
import { EngineHost, type HostListeners, type SpawnHost } from '../engine/client.ts';
import type { Job } from '../engine/protocol.ts';
import type { PooledHost } from './host-pool.ts';

interface Question<Answer> {
  resolve: (answer: Answer) => void;
  reject: (error: unknown) => void;
}

/** How the host's answers reach the questions. */
export interface Replies<Answer> {
  answer: (id: number, answer: Answer) => void;
  fail: (id: number, error: unknown) => void;
}

export class OpenHost<Answer> implements PooledHost {
  readonly #host: EngineHost;
  readonly #questions = new Map<number, Question<Answer>>();
  #nextId = 0;
  /** When it was asked or answered last. */
  usedAt = performance.now();

  constructor(
    spawnHost: SpawnHost,
    job: Job,
    listeners: (replies: Replies<Answer>) => HostListeners,
    onEnd: () => void,
  ) {
    const replies: Replies<Answer> = {
      answer: (id, answer) => this.#take(id)?.resolve(answer),
      fail: (id, error) => this.#take(id)?.reject(error),
    };
    this.#host = new EngineHost(spawnHost, job, listeners(replies));
    const over = (error: unknown) => {
      onEnd();
      for (const { reject } of this.#questions.values()) reject(error);
      this.#questions.clear();
    };
    this.#host.ended.then(
      () => over(new AppError('ENGINE_DIED', 'the engine ended without an answer')),
      over,
    );
  }

  get busy(): boolean {
    return this.#questions.size > 0;
  }

  /** `send` asks under the number it is given. Rejects as the host does, and with CANCELLED after the signal. */
  async ask(send: (host: EngineHost, id: number) => void, signal?: AbortSignal): Promise<Answer> {
    const id = this.#nextId++;
    this.usedAt = performance.now();
    if (signal?.aborted) throw new AppError('CANCELLED', 'it is not wanted any more');
    const forget = () => this.#host.forget(id);
    signal?.addEventListener('abort', forget, { once: true });
    try {
      return await new Promise<Answer>((resolve, reject) => {
        this.#questions.set(id, { resolve, reject });
        send(this.#host, id);
      });
    } finally {
      signal?.removeEventListener('abort', forget);
    }
  }

  /** Resolves when its process has left. */
  async close(): Promise<void> {
    this.#host.kill();
    await this.#host.ended.catch(() => {});
  }

  #take(id: number): Question<Answer> | undefined {
    this.usedAt = performance.now();
    const question = this.#questions.get(id);
    this.#questions.delete(id);
    return question;
  }
}
