// The first convolution's kernels of a run while it trains: looked at between two steps, every few seconds and only
// while somebody watches, without waiting for a checkpoint.
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../api/errors.ts';
import { imageUrls } from '../api/image-urls.ts';
import type { LiveKernels } from '../api/operations/runs.ts';
import type { RunConfig } from '../api/run-config.ts';
import { drawKernels, type KernelTiles, layTiles } from './kernel-picture.ts';
import type { LookedTensor } from './training-session.ts';

export interface LiveKernelParts {
  training: {
    isTraining(runId: string): boolean;
    look(runId: string, tensor: string, patienceMs: number): Promise<LookedTensor | undefined>;
  };
  /** Throws NOT_FOUND. */
  configOf: (runId: string) => RunConfig;
  everyMs?: number;
}

interface View {
  step: number;
  tiles: KernelTiles;
  weights: Float32Array;
}

/** A page asks for a picture after it was told of it: by then there may be a newer one. */
const viewsKept = 4;
/** A validation of a large split takes minutes; after so long it is asked again whether the run still trains. */
const patienceMs = 5000;

export class LiveKernelViews {
  readonly #parts: LiveKernelParts;
  readonly #everyMs: number;
  /** By run, the oldest first. */
  readonly #views = new Map<string, View[]>();

  constructor(parts: LiveKernelParts) {
    this.#parts = parts;
    this.#everyMs = parts.everyMs ?? 2000;
  }

  /** Ends with the run. Throws NOT_FOUND where it is not trained here or its first layer is no convolution. */
  async *watch(id: string, signal: AbortSignal): AsyncGenerator<LiveKernels> {
    const { training, configOf } = this.#parts;
    const { net } = configOf(id);
    const layer = net.layers[0];
    if (layer?.kind !== 'conv')
      throw new AppError(
        'NOT_FOUND',
        'the first layer of this net is no convolution: it has no kernels to show',
      );
    let told = -1;
    if (!training.isTraining(id))
      throw new AppError('NOT_FOUND', 'this run is not being trained here', { run: id });
    try {
      while (!signal.aborted && training.isTraining(id)) {
        const looked = await training.look(id, `${layer.name}.weight`, patienceMs);
        if (looked === undefined) continue;
        if (looked.step !== told) {
          told = looked.step;
          const { tiles } = this.#keep(id, looked, layer.kernel ?? 1, net.columns);
          yield { step: told, layer: layer.name, ...tiles, image: imageUrls.liveKernels(id, told) };
        }
        await sleep(this.#everyMs, undefined, { signal }).catch(() => {});
      }
    } finally {
      if (!training.isTraining(id)) this.#views.delete(id);
    }
  }

  /** RGB bytes. Throws NOT_FOUND where it is too old. */
  picture(id: string, step: number): { tiles: KernelTiles; pixels: Uint8Array } {
    const view = this.#views.get(id)?.find((one) => one.step === step);
    if (view === undefined)
      throw new AppError('NOT_FOUND', 'newer kernels have taken the place of these', { run: id });
    return { tiles: view.tiles, pixels: drawKernels(view.weights, view.tiles) };
  }

  #keep(id: string, { step, values }: LookedTensor, size: number, columns: number): View {
    const weights = new Float32Array(values.slice().buffer);
    const tiles = layTiles(weights.length / (3 * size * size), size, columns);
    const view = { step, tiles, weights };
    const others = (this.#views.get(id) ?? []).filter((one) => one.step !== step);
    this.#views.set(id, [...others, view].slice(-viewsKept));
    return view;
  }
}
