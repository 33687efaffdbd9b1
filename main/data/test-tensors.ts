// Tensors for tests whose every value follows from a seed.
import type { TensorInfo } from '../api/net-description.ts';
import { bytesPerValue, type TensorSource } from './tensor-source.ts';

/** Two of them take several chunks; the last chunks are not full. */
export const testTensors: TensorInfo[] = [
  { name: 'conv1.weight', shape: [4, 3, 5, 5] },
  { name: 'conv1.bias', shape: [4] },
  { name: 'fc2.weight', shape: [1250, 1000] },
  { name: 'fc2.weight.velocity', shape: [1250, 1000] },
  { name: 'empty', shape: [0, 7] },
];

/** Value i of a tensor: cheap, and different for every seed, tensor and position. */
function value(seed: number, name: string, index: number): number {
  return Math.fround(seed * 1000 + name.length + index / 1024);
}

export function seededTensors(seed: number, tensors: readonly TensorInfo[] = testTensors): TensorSource {
  return {
    tensors,
    read(name, offset, count) {
      const values = new Float32Array(count);
      for (let i = 0; i < count; i++) values[i] = value(seed, name, offset + i);
      return new Uint8Array(values.buffer, 0, count * bytesPerValue);
    },
  };
}
