import { expect, it } from 'vitest';
import { finiteTensors } from './finite-tensors.ts';

function source(values: number[], shift = 0) {
  const memory = new Uint8Array(values.length * 4 + shift);
  memory.set(new Uint8Array(Float32Array.from(values).buffer), shift);
  const bytes = memory.subarray(shift);
  const read = (_: string, offset: number, count: number) => bytes.subarray(offset * 4, (offset + count) * 4);
  return finiteTensors({ tensors: [{ name: 'fc8.bias', shape: [values.length] }], read }, 'net.pth');
}

it('hands finite values on as they are, wherever they lie in memory', () => {
  for (const shift of [0, 1, 2]) {
    const bytes = source([1, -3.4e38, 1e-45, 0], shift).read('fc8.bias', 1, 3);
    expect([...new Float32Array(bytes.slice().buffer)]).toEqual([...Float32Array.from([-3.4e38, 1e-45, 0])]);
  }
});

it('names the first value that is not', () => {
  for (const [value, shift] of [
    [Number.NaN, 0],
    [Number.POSITIVE_INFINITY, 3],
    [Number.NEGATIVE_INFINITY, 0],
  ] as const) {
    expect(() => source([1, 2, 3, value], shift).read('fc8.bias', 2, 2)).toThrow(
      'net.pth: value 3 of fc8.bias is no finite number',
    );
  }
});
