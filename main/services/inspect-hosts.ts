// Models that are kept open for looking inside: one process a model, many questions at once.
import { fromErrorReport } from '../api/errors.ts';
import type { SpawnHost } from '../engine/client.ts';
import type { AnswerTo, InspectAnswer, InspectQuestion } from '../engine/inspect-questions.ts';
import { HostPool } from './host-pool.ts';
import { type ResolvedModel, sourceKey } from './model-resolver.ts';
import { OpenHost } from './open-host.ts';

export interface InspectHostParts {
  spawnHost: SpawnHost;
  threads: () => number;
  /** A model that nobody asks is closed after so long. */
  idleMs?: number;
}

/** A full net in two precisions takes more than half a gigabyte. */
const mostOpen = 2;

export class InspectHosts {
  readonly #parts: InspectHostParts;
  readonly #pool: HostPool<OpenHost<InspectAnswer>>;

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
    const host = this.#pool.get(sourceKey(model), (onEnd) => this.#open(model, onEnd));
    const answer = await host.ask((engine, id) => engine.inspect(id, question), signal);
    return answer as AnswerTo<Kind>;
  }

  #open(model: ResolvedModel, onEnd: () => void): OpenHost<InspectAnswer> {
    const { spawnHost, threads } = this.#parts;
    return new OpenHost<InspectAnswer>(
      spawnHost,
      {
        kind: 'inspect',
        netJson: JSON.stringify(model.net),
        model: model.source,
        preprocessing: model.preprocessing,
        threads: threads(),
      },
      ({ answer, fail }) => ({
        inspected: (message) => answer(message.id, message.answer),
        inspectFailed: ({ id, error }) => fail(id, fromErrorReport(error)),
      }),
      onEnd,
    );
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }
}
