// Models that are kept open between photos: loading one takes longer than a hundred answers of it.
import { AppError } from '../api/errors.ts';
import type { Crops } from '../api/evaluation.ts';
import { EngineHost, type SpawnHost } from '../engine/client.ts';
import type { ClassifiedPhoto } from '../engine/protocol.ts';
import type { ResolvedModel } from './model-resolver.ts';

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
  readonly #open = new Map<string, OpenModel>();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: ModelHostParts) {
    this.#parts = parts;
  }

  /** One answer a path, in order. Rejects with ENGINE_DIED and what the engine has against the model. */
  async classify(model: ResolvedModel, crops: Crops, paths: string[]): Promise<ClassifiedPhoto[]> {
    return await this.#get(model, crops).ask(paths);
  }

  /** How many models are open. */
  get size(): number {
    return this.#open.size;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([...this.#open.values()].map((model) => model.close()));
  }

  #get(model: ResolvedModel, crops: Crops): OpenModel {
    const { source } = model;
    const part = source.kind === 'checkpoint' ? source.checkpointId : '';
    const key = `${source.file}#${part}#${crops}`;
    const known = this.#open.get(key);
    if (known !== undefined) return known;
    this.#makeRoom();
    const { spawnHost, threads } = this.#parts;
    const opened = new OpenModel(spawnHost, model, crops, threads(), () => this.#open.delete(key));
    this.#open.set(key, opened);
    this.#timer ??= setInterval(() => this.#closeIdle(), 5000).unref();
    return opened;
  }

  #makeRoom(): void {
    const idle = [...this.#open]
      .filter(([, model]) => !model.busy)
      .sort(([, a], [, b]) => a.usedAt - b.usedAt);
    for (const [key, model] of idle.slice(0, Math.max(0, this.#open.size - mostOpen + 1))) {
      this.#open.delete(key);
      void model.close();
    }
  }

  #closeIdle(): void {
    const { idleMs = 120_000 } = this.#parts;
    for (const [key, model] of this.#open) {
      if (model.busy || performance.now() - model.usedAt < idleMs) continue;
      this.#open.delete(key);
      void model.close();
    }
    if (this.#open.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
