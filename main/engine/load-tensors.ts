// Loads stored tensors into the engine, a piece at a time, so that neither the process's memory nor its event
// loop feels the size of the net.
import { AppError } from '../api/errors.ts';
import type { TensorInfo } from './addon.ts';
import type { TensorSource } from './storage.ts';

/** 4 MB. */
const pieceValues = 1 << 20;

/** Lets messages and events in. */
export function giveWay(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export function valueCount({ shape }: TensorInfo): number {
  return shape.reduce((product, size) => product * size, 1);
}

export interface TensorTarget {
  readonly tensors: readonly TensorInfo[];
  load(tensor: string, offset: number, bytes: Uint8Array): void;
}

/** Loads those of the target's tensors that `wanted` names. Throws INVALID_MODEL where the source lacks one or
 * has another shape: then it is the model of another net. */
export async function loadTensors(
  target: TensorTarget,
  source: TensorSource,
  wanted: (name: string) => boolean = () => true,
): Promise<void> {
  const stored = new Map(source.tensors.map((tensor) => [tensor.name, tensor]));
  for (const tensor of target.tensors) {
    const { name, shape } = tensor;
    if (!wanted(name)) continue;
    const found = stored.get(name);
    if (found === undefined) {
      throw new AppError('INVALID_MODEL', `The model has no tensor ${name}, which the net needs.`, {
        tensor: name,
      });
    }
    if (found.shape.join() !== shape.join()) {
      const message = `The tensor ${name} is [${found.shape}] in the model, but [${shape}] in the net.`;
      throw new AppError('INVALID_MODEL', message, { tensor: name });
    }
    const count = valueCount(tensor);
    for (let offset = 0; offset < count; offset += pieceValues) {
      target.load(name, offset, source.read(name, offset, Math.min(pieceValues, count - offset)));
      await giveWay();
    }
  }
}
