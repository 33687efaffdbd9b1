// The arithmetic of pictures: crops, kernels, layers.
import { expect, it } from 'vitest';
import type { TensorSource } from '../data/tensor-source.ts';
import { cropPixels, meanPixels, squareSide } from './crop-view.ts';
import { drawKernels, layTiles } from './kernel-picture.ts';
import { readLayerStatistics } from './layer-statistics.ts';

/** Red is the row, green the column, blue 200. */
function square(): Uint8Array {
  const pixels = new Uint8Array(squareSide * squareSide * 3);
  for (let y = 0; y < squareSide; y++) {
    for (let x = 0; x < squareSide; x++) pixels.set([y, x, 200], (y * squareSide + x) * 3);
  }
  return pixels;
}

const plain = { top: 10, left: 20, size: 4, mirror: false, colour: [0, 0, 0] as const };

it('cuts, mirrors and colours', () => {
  const first = (view: Parameters<typeof cropPixels>[1]) => [...cropPixels(square(), view).subarray(0, 3)];
  expect(first(plain)).toEqual([10, 20, 200]);
  expect(first({ ...plain, mirror: true })).toEqual([10, 23, 200]);
  // Beyond 0..255 there is no colour.
  expect(first({ ...plain, colour: [-20, 1.6, 100] })).toEqual([0, 22, 255]);
  expect([...cropPixels(square(), plain).subarray(-3)]).toEqual([13, 23, 200]);
});

it.each([
  { ...plain, top: 253 },
  { ...plain, left: -1 },
  { ...plain, size: 257 },
  { ...plain, size: 0 },
  { ...plain, top: 1.5 },
])('refuses a crop that leaves the square', (view) => {
  expect(() => cropPixels(square(), view)).toThrow('does not lie in the square');
});

it('rounds a mean image', () => {
  expect([...meanPixels(Float32Array.of(-1, 0.5, 127.4, 300))]).toEqual([0, 1, 127, 255]);
});

it("lays the paper's 96 kernels in three rows of sixteen a column", () => {
  const tiles = layTiles(96, 11, 2);
  expect(tiles).toMatchObject({ perRow: 16, width: 16 * 12 + 1, height: 6 * 12 + 1 });
  // Other numbers fill their rows, too, where they can.
  expect([16, 24, 64, 17].map((count) => layTiles(2 * count, 11, 2).perRow)).toEqual([8, 12, 16, 17]);
});

it('draws each kernel in its own range, column 1 below column 0', () => {
  const tiles = layTiles(4, 2, 2);
  const weights = new Float32Array(4 * 3 * 4);
  weights.set([0, 1, 2, 4], 0); // kernel 0, red
  weights.set([-8, 8, 0, 0], 2 * 12 + 8); // kernel 2, blue
  const pixels = drawKernels(weights, tiles);
  const at = (x: number, y: number) => [
    ...pixels.subarray((y * tiles.width + x) * 3, (y * tiles.width + x) * 3 + 3),
  ];
  expect(at(0, 0)).toEqual([128, 128, 128]);
  expect(at(1, 1)).toEqual([0, 0, 0]);
  expect(at(2, 2)).toEqual([255, 0, 0]);
  // Kernel 1 is all zeros: grey. Kernel 2 begins the second half.
  expect(at(4, 1)).toEqual([128, 128, 128]);
  const below = (tiles.height - 1) / 2 + 1;
  expect(at(1, below)).toEqual([128, 128, 0]);
  expect(at(2, below)).toEqual([128, 128, 255]);
});

it('sums up a checkpoint: sizes, the last update, faint units', async () => {
  const tensors: Record<string, { shape: number[]; values: number[] }> = {
    'fc1.weight': { shape: [4, 2], values: [3, 4, 3, -4, -3, 4, 0, 0.0001] },
    'fc1.bias': { shape: [4], values: [1, 2, 3, 4] },
    'fc1.weight.velocity': { shape: [4, 2], values: [0.3, 0.4, 0.3, 0.4, 0.3, 0.4, 0, 0] },
    'fc1.bias.velocity': { shape: [4], values: [0, 0, 0, 0] },
  };
  const source: TensorSource = {
    tensors: Object.entries(tensors).map(([name, { shape }]) => ({ name, shape })),
    read: (name, offset, count) =>
      new Uint8Array(Float32Array.from(tensors[name]?.values.slice(offset, offset + count) ?? []).buffer),
  };
  const [layer, ...others] = await readLayerStatistics(source, new AbortController().signal);
  expect(others).toEqual([]);
  expect(layer).toMatchObject({ layer: 'fc1', weights: 8, units: 4, faintUnits: 1, biasMean: 2.5 });
  // Three units of length 5 and 0.5: the mean square is 75 / 8, and the update a tenth.
  expect(layer?.weightRms).toBeCloseTo(Math.sqrt(75 / 8), 6);
  expect(layer?.updateRatio).toBeCloseTo(0.1, 6);
  expect(layer?.weightMean).toBeCloseTo(7 / 8, 4);
  await expect(readLayerStatistics(source, AbortSignal.abort())).rejects.toThrow();
});
