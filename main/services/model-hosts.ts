// Models that are kept open between photos.
import type { Crops } from '../api/evaluation.ts';
import type { SpawnHost } from '../engine/client.ts';
import type { ClassifiedPhoto } from '../engine/protocol.ts';
import { HostPool } from './host-pool.ts';
import { type ResolvedModel, sourceKey } from './model-resolver.ts';
import { OpenHost } from './open-host.ts';

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

export class ModelHosts {
  readonly #parts: ModelHostParts;
  readonly #pool: HostPool<OpenHost<ClassifiedPhoto[]>>;

  constructor(parts: ModelHostParts) {
    this.#parts = parts;
    this.#pool = new HostPool({ mostOpen, idleMs: parts.idleMs });
  }

  /** One answer a path, in order. Rejects with ENGINE_DIED and what the engine has against the model. */
  async classify(model: ResolvedModel, crops: Crops, paths: string[]): Promise<ClassifiedPhoto[]> {
    const open = (onEnd: () => void) => this.#open(model, crops, onEnd);
    return await this.#pool
      .get(`${sourceKey(model)}#${crops}`, open)
      .ask((host, id) => host.classify(id, paths));
  }

  #open(model: ResolvedModel, crops: Crops, onEnd: () => void): OpenHost<ClassifiedPhoto[]> {
    const { spawnHost, threads } = this.#parts;
    return new OpenHost(
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
        threads: threads(),
        batch: cropsAtOnce,
      },
      ({ answer }) => ({ classified: ({ id, answers }) => answer(id, answers) }),
      onEnd,
    );
  }

  /** How many models are open. */
  get size(): number {
    return this.#pool.size;
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }
}
