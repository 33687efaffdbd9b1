// Models that are kept open for looking inside: one process a model, many questions at once.
import { AppError, fromErrorReport } from '../api/errors.ts';
import { EngineHost, type SpawnHost } from '../engine/client.ts';
import type { AnswerTo, InspectAnswer, InspectQuestion } from '../engine/inspect-questions.ts';
import { HostPool } from './host-pool.ts';
import { type ResolvedModel, sourceKey } from './model-resolver.ts';

export interface InspectHostParts {
  spawnHost: SpawnHost;
  threads: () => number;
  /** A model that nobody asks is closed after so long. */
  idleMs?: number;
}

/** A full net in two precisions takes more than half a gigabyte. */
const mostOpen = 2;

interface Question {
  resolve: (answer: InspectAnswer) => void;
  reject: (error: unknown) => void;
}

class OpenInspection {
  readonly #host: EngineHost;
  readonly #questions = new Map<number, Question>();
  #nextId = 0;
  usedAt = performance.now();

  constructor(spawnHost: SpawnHost, model: ResolvedModel, threads: number, onEnd: () => void) {
    this.#host = new EngineHost(
      spawnHost,
      {
        kind: 'inspect',
        netJson: JSON.stringify(model.net),
        model: model.source,
        preprocessing: model.preprocessing,
        threads,
      },
      {
        inspected: ({ id, answer }) => this.#take(id)?.resolve(answer),
        inspectFailed: ({ id, error }) => this.#take(id)?.reject(fromErrorReport(error)),
      },
    );
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

  ask(question: InspectQuestion, signal: AbortSignal): Promise<InspectAnswer> {
    const id = this.#nextId++;
    this.usedAt = performance.now();
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(new AppError('CANCELLED', 'it is not wanted any more'));
      const forget = () => this.#host.forget(id);
      signal.addEventListener('abort', forget, { once: true });
      const settled = () => signal.removeEventListener('abort', forget);
      this.#questions.set(id, {
        resolve: (answer) => {
          settled();
          resolve(answer);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      });
      this.#host.inspect(id, question);
    });
  }

  async close(): Promise<void> {
    this.#host.kill();
    await this.#host.ended.catch(() => {});
  }

  #take(id: number): Question | undefined {
    this.usedAt = performance.now();
    const question = this.#questions.get(id);
    this.#questions.delete(id);
    return question;
  }
}

export class InspectHosts {
  readonly #parts: InspectHostParts;
  readonly #pool: HostPool<OpenInspection>;

  constructor(parts: InspectHostParts) {
    this.#parts = parts;
    this.#pool = new HostPool({ mostOpen, idleMs: parts.idleMs });
  }

  /** Rejects with ENGINE_DIED, CANCELLED after the signal, and what the engine has against model or photo. */
  async ask<Kind extends InspectQuestion['kind']>(
    model: ResolvedModel,
    question: Extract<InspectQuestion, { kind: Kind }>,
    signal: AbortSignal,
  ): Promise<AnswerTo<Kind>> {
    const { spawnHost, threads } = this.#parts;
    const host = this.#pool.get(
      sourceKey(model),
      (onEnd) => new OpenInspection(spawnHost, model, threads(), onEnd),
    );
    return (await host.ask(question, signal)) as AnswerTo<Kind>;
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }
}
