// Named fp32 tensors that are read in pieces: a native snapshot, a checkpoint, a safetensors file.
import { setImmediate as giveWay } from 'node:timers/promises';
import type { TensorInfo } from '../api/net-description.ts';

export interface TensorSource {
  readonly tensors: readonly TensorInfo[];
  /** Little-endian fp32 bytes of `count` values from value `offset` on. */
  read(name: string, offset: number, count: number): Uint8Array;
}

/** 4 MB: long enough to be fast, short enough that a thread is not held for more than some milliseconds. */
export const chunkValues = 1 << 20;

export const bytesPerValue = 4;

/** How many values a tensor of this shape has. */
export function valueCount(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** [offset, count] of each piece of a tensor of `values` values. */
export function* pieces(values: number, size = chunkValues): Generator<[offset: number, count: number]> {
  for (let offset = 0; offset < values; offset += size) yield [offset, Math.min(size, values - offset)];
}

/** A tensor's values in order, piece by piece. */
export function* tensorBytes(
  source: TensorSource,
  name: string,
  shape: readonly number[],
): Generator<Uint8Array> {
  for (const [offset, count] of pieces(valueCount(shape))) yield source.read(name, offset, count);
}

/** Hands every tensor on piece by piece, in order, giving way to the event loop between the pieces. */
export async function copyTensors(
  source: TensorSource,
  sink: (name: string, offset: number, bytes: Uint8Array) => void,
  names: ReadonlySet<string> = new Set(source.tensors.map(({ name }) => name)),
): Promise<void> {
  for (const { name, shape } of source.tensors) {
    if (!names.has(name)) continue;
    for (const [offset, count] of pieces(valueCount(shape))) {
      sink(name, offset, source.read(name, offset, count));
      await giveWay();
    }
  }
}
