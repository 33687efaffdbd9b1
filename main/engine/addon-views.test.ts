// Looking inside through the real addon: maps, gradients, occlusion, activity, features and their index.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NativePredictor } from './addon.ts';
import { loadAddon } from './load-addon.ts';
import { valueCount } from './load-tensors.ts';
import { makePack, predictorOptions, testClasses, testInputSize, writeImages } from './test-net.ts';

const addon = loadAddon();
let folder = '';
let pack = '';
let path = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'alexnet-views-'));
  pack = await makePack(addon, folder);
  [path = ''] = writeImages(join(folder, 'photos'), 1);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function open(views: boolean): Promise<NativePredictor> {
  const predictor = await addon.createPredictor({ ...predictorOptions(), views });
  for (const tensor of predictor.tensors) {
    const values = Float32Array.from({ length: valueCount(tensor) }, (_, i) => Math.sin(i * 12.9898) * 0.1);
    predictor.load(tensor.name, 0, new Uint8Array(values.buffer));
  }
  return predictor;
}
const flag = () => addon.createCancelFlag();
const invalid = expect.objectContaining({ code: 'INVALID_ARGUMENT' });
const ignore = () => {};

test('maps and gradients of every place of a photo that was looked at', async () => {
  const predictor = await open(true);
  await expect(predictor.maps(0, 0)).rejects.toEqual(invalid);
  const probabilities = await predictor.lookAt({ path });
  const [answer] = await predictor.classifyFiles([path], 1);
  probabilities.forEach((value, i) => {
    expect(value).toBeCloseTo(answer?.probabilities?.[i] ?? 0, 5);
  });
  await predictor.lookAt({ pack, record: 1 });
  const linear = await predictor.maps(0, 0);
  const active = await predictor.maps(0, 1);
  expect(linear).toMatchObject({ channels: 8, height: 14, width: 14 });
  expect([...active.values]).toEqual(Array.from(linear.values, (value) => Math.max(0, value)));
  const gradient = await predictor.classGradient(1, 0, 1);
  expect(gradient.values).toHaveLength(8 * 14 * 14);
  expect(gradient.values.some((value) => value !== 0)).toBe(true);
  expect([...(await predictor.classGradient(2, 2, 0)).values]).toEqual([0, 0, 1]);
  await expect(predictor.maps(9, 0)).rejects.toEqual(invalid);
  await expect(predictor.classGradient(testClasses, 0, 1)).rejects.toEqual(invalid);
  await expect(predictor.lookAt({ pack, record: 10_000 })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await predictor.close();
  await expect(predictor.lookAt({ path })).rejects.toEqual(invalid);
});

test('covered parts, each place by itself', async () => {
  const predictor = await open(false);
  const corners = Int32Array.of(0, 0, 4096, 4096, -testInputSize, 0);
  const found = await predictor.occlude({ path }, corners, testInputSize, ignore, flag());
  expect(found).toHaveLength(3 * testClasses);
  const rows = [0, 1, 2].map((i) => [...found.slice(i * testClasses, (i + 1) * testClasses)]);
  const [answer] = await predictor.classifyFiles([path], 1);
  // Squares outside cover nothing.
  for (const row of [rows[1], rows[2]])
    row?.forEach((value, i) => {
      expect(value).toBeCloseTo(answer?.probabilities?.[i] ?? 0, 5);
    });
  expect(rows[0]).not.toEqual(rows[1]);
  const cancelled = flag();
  cancelled.cancel();
  const late = predictor.occlude({ path }, corners, 4, ignore, cancelled);
  await expect(late).rejects.toMatchObject({ code: 'CANCELLED' });
  await expect(predictor.occlude({ path }, Int32Array.of(1), 4, ignore, flag())).rejects.toEqual(invalid);
  await predictor.close();
});

test('activity over a sample of a pack', async () => {
  const predictor = await open(false);
  const told: number[] = [];
  const layers = await predictor.activity(pack, 5, (done) => told.push(done), flag());
  expect(layers.map(({ layer }) => layer)).toEqual(['conv1', 'fc2']);
  expect(layers[0]).toMatchObject({ images: 5, values: 14 * 14 });
  expect(layers[1]?.mean).toHaveLength(16);
  expect(layers.every(({ zeroShare }) => zeroShare.every((share) => share >= 0 && share <= 1))).toBe(true);
  expect(told.at(-1)).toBe(5);
  await predictor.close();
});

test('an index of a pack finds each of its images as its own nearest', async () => {
  const predictor = await open(false);
  const file = join(folder, 'one.index');
  const options = { packPath: pack, indexPath: file, identity: 'test', threads: 1 };
  const cancelled = flag();
  cancelled.cancel();
  await expect(predictor.buildIndex(options, ignore, cancelled)).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(existsSync(`${file}.part`)).toBe(true);
  await predictor.buildIndex(options, ignore, flag());
  expect(existsSync(`${file}.part`)).toBe(false);
  const index = addon.openFeatureIndex(file);
  expect(index).toMatchObject({ features: 16, identity: 'test' });
  const { rows } = index;
  for (const record of [0, rows - 1]) {
    const query = await predictor.features({ pack, record });
    const [self] = await index.nearest(query, { count: 1, leaveOut: -1, threads: 1 });
    expect(self?.distance).toBeLessThan(0.01);
    const others = await index.nearest(query, { count: rows, leaveOut: record, threads: 1 });
    expect(others).toHaveLength(rows - 1);
    expect(others.some(({ row }) => row === record)).toBe(false);
    expect(others.map(({ distance }) => distance)).toEqual(
      others.map(({ distance }) => distance).sort((a, b) => a - b),
    );
  }
  await expect(index.nearest(new Float32Array(3), { count: 1, leaveOut: -1, threads: 1 })).rejects.toEqual(
    invalid,
  );
  index.close();
  expect(() => index.rows).toThrow('closed');
  expect(() => addon.openFeatureIndex(pack)).toThrow('no feature index');
  await predictor.close();
});
