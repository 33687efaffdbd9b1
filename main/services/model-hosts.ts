// Models that are kept open between photos.
import { AppError } from '../api/errors.ts';
import type { Crops } from '../api/evaluation.ts';
import { EngineHost, type SpawnHost } from '../engine/client.ts';
import type { ClassifiedPhoto } from '../engine/protocol.ts';
import { HostPool } from './host-pool.ts';
import { type ResolvedModel, sourceKey } from './model-resolver.ts';

export interface ModelHostParts {
  spawnHost: SpawnHost;
  threads: () => number;
  /** A model that nobody asks is closed after so long. */
  idleMs?: number;
}

/** Models side by side, each with one and with ten crops. */
const mostOpen = 4;
const answersKept = 100;
const cropsAtOnce = 10;

interface Question {
  resolve: (answers: ClassifiedPhoto[]) => void;
  reject: (error: unknown) => void;
}

/** One open model in a process of its own. */
class OpenModel {
  readonly #host: EngineHost;
  readonly #questions = new Map<number, Question>();
  #nextId = 0;
  /** When it was asked or answered last. */
  usedAt = performance.now();

  constructor(spawnHost: SpawnHost, model: ResolvedModel, crops: Crops, threads: number, onEnd: () => void) {
    this.#host = new EngineHost(
      spawnHost,
      {
        kind: 'classify',
        netJson: JSON.stringify(model.net),
        model: model.source,
        preprocessing: model.preprocessing,
        crops,
        eachCrop: crops === 10,
        top: answersKept,
        devices: ['cpu'],
        precision: 'fp32',
        threads,
        batch: cropsAtOnce,
      },
      { classified: ({ id, answers }) => this.#answered(id, answers) },
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

  ask(paths: string[]): Promise<ClassifiedPhoto[]> {
    const id = this.#nextId++;
    this.usedAt = performance.now();
    return new Promise((resolve, reject) => {
      this.#questions.set(id, { resolve, reject });
      this.#host.classify(id, paths);
    });
  }

  /** Resolves when its process has left. */
  async close(): Promise<void> {
    this.#host.kill();
    await this.#host.ended.catch(() => {});
  }

  #answered(id: number, answers: ClassifiedPhoto[]): void {
    this.usedAt = performance.now();
    const question = this.#questions.get(id);
    this.#questions.delete(id);
    question?.resolve(answers);
  }
}

export class ModelHosts {
  readonly #parts: ModelHostParts;
  readonly #pool: HostPool<OpenModel>;

  constructor(parts: ModelHostParts) {
    this.#parts = parts;
    this.#pool = new HostPool({ mostOpen, idleMs: parts.idleMs });
  }

  /** One answer a path, in order. Rejects with ENGINE_DIED and what the engine has against the model. */
  async classify(model: ResolvedModel, crops: Crops, paths: string[]): Promise<ClassifiedPhoto[]> {
    const { spawnHost, threads } = this.#parts;
    return await this.#pool
      .get(
        `${sourceKey(model)}#${crops}`,
        (onEnd) => new OpenModel(spawnHost, model, crops, threads(), onEnd),
      )
      .ask(paths);
  }

  /** How many models are open. */
  get size(): number {
    return this.#pool.size;
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }
}
