// Packs through the real addon.
import {
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NativePack, PackProgress } from './addon.ts';
import { loadAddon } from './load-addon.ts';
import { makePack, planPack, testClasses, writeImages } from './test-net.ts';

const addon = loadAddon();

let folder = '';
let packPath = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'alexnet-pack-'));
  packPath = await makePack(addon, folder, 2);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const flag = () => addon.createCancelFlag();

test('a pack holds what could be read, and its result says what could not', async () => {
  const paths = writeImages(join(folder, 'mixed'), 2);
  const damaged = join(folder, 'mixed', '1-9.jpg');
  writeFileSync(damaged, 'no image at all');
  const options = planPack(folder, 'mixed', [...paths, damaged, join(folder, 'gone-2-0.png')]);
  const progress: PackProgress[] = [];
  const result = await addon.writePack(options, (value) => progress.push(value), flag());

  expect(result).toEqual({ found: 8, packed: 6, skipped: 2 });
  expect(progress.at(-1)).toMatchObject({ done: 8, total: 8, packed: 6, skipped: 2 });
  const lines = readFileSync(options.resultPath, 'utf8').trim().split('\n');
  const results = lines.map(
    (line) => JSON.parse(line) as { record?: number; error?: string; message?: string },
  );
  expect(results.map(({ record }) => record)).toEqual([0, 1, 2, 3, 4, 5, undefined, undefined]);
  expect(results[7]?.error).toBe('NOT_FOUND');
  expect(results[6]?.message).toBeTruthy();
});

test('a cancelled pack rejects, and the next call finishes it', async () => {
  const options = planPack(folder, 'cancelled', writeImages(join(folder, 'cancelled'), 8));
  const signal = flag();
  signal.cancel();
  await expect(addon.writePack(options, () => {}, signal)).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(await addon.writePack(options, () => {}, flag())).toEqual({ found: 24, packed: 24, skipped: 0 });
});

test('a progress callback that throws ends the work with its error', async () => {
  const options = planPack(folder, 'thrown', writeImages(join(folder, 'thrown'), 8));
  const thrown = new Error('the listener is broken');
  const packing = addon.writePack(
    options,
    () => {
      throw thrown;
    },
    flag(),
  );
  await expect(packing).rejects.toBe(thrown);
});

test('a pack is read record by record', () => {
  const pack = addon.openPack(packPath);
  expect(pack).toMatchObject({ count: 6, classes: testClasses });
  expect(Array.from({ length: 6 }, (_, i) => pack.label(i))).toEqual([0, 0, 1, 1, 2, 2]);
  const record = pack.record(0);
  expect(record).toHaveLength(256 * 256 * 3);
  // Red, as the first class is; the stripes darken it to no less than 0.7.
  expect(record[0]).toBeGreaterThan(0.65 * 220);
  expect(record[1]).toBeLessThan(60);
  expect([...pack.record(0, 90).subarray(0, 2)]).toEqual([0xff, 0xd8]);

  const { meanRgb, covariance, eigenvalues, eigenvectors } = pack.statistics;
  const sums = [0, 0, 0];
  for (let i = 0; i < 6; i += 1) {
    pack.record(i).forEach((value, at) => {
      sums[at % 3] = (sums[at % 3] ?? 0) + value;
    });
  }
  sums.forEach((sum, channel) => {
    expect(meanRgb[channel]).toBeCloseTo(sum / (6 * 256 * 256), 6);
  });
  expect([covariance.length, eigenvalues.length, eigenvectors.length]).toEqual([9, 3, 9]);
  const mean = pack.meanImage();
  expect(mean).toHaveLength(256 * 256 * 3);
  const first = Array.from({ length: 6 }, (_, i) => pack.record(i)[0] ?? 0).reduce((a, b) => a + b) / 6;
  expect(mean[0]).toBeCloseTo(first, 4);
  pack.close();
});

test('records have checksums, the same for the same pixels, and pictures of any size', () => {
  const pack = addon.openPack(packPath);
  const hashes = pack.hashes(0, 6);
  expect(hashes).toBeInstanceOf(BigUint64Array);
  expect([...pack.hashes(2, 3)]).toEqual([...hashes.subarray(2, 5)]);
  expect(pack.hashes(6, 0)).toHaveLength(0);
  for (let a = 0; a < 6; a += 1) {
    for (let b = 0; b < 6; b += 1) {
      const alike = Buffer.compare(pack.record(a), pack.record(b)) === 0;
      expect(hashes[a] === hashes[b]).toBe(alike);
    }
  }
  const header = addon.readImageInfo(pack.record(0, 80, 32));
  expect(header).toMatchObject({ format: 'jpeg', width: 32, height: 32 });
  expect(addon.readImageInfo(pack.record(0, 80))).toMatchObject({ width: 256, height: 256 });
  const invalid = expect.objectContaining({ code: 'INVALID_ARGUMENT' });
  for (const [first, count] of [
    [-1, 1],
    [0, 7],
    [7, 0],
  ] as const) {
    expect(() => pack.hashes(first, count)).toThrow(invalid);
  }
  expect(() => pack.record(0, 80, 257)).toThrow(invalid);
  pack.close();
});

test('a record that is not there and a wrong quality are refused', () => {
  const pack = addon.openPack(packPath);
  const invalid = expect.objectContaining({ code: 'INVALID_ARGUMENT' });
  for (const index of [-1, 6, 0.5, Number.NaN]) {
    expect(() => pack.record(index)).toThrow(invalid);
    expect(() => pack.label(index)).toThrow(invalid);
  }
  expect(() => pack.record(0, 0)).toThrow(invalid);
  pack.close();
});

test('every method of a closed pack says that it is closed', async () => {
  const pack = addon.openPack(packPath);
  pack.close();
  const closed = expect.objectContaining({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('closed'),
  });
  const calls: ((pack: NativePack) => unknown)[] = [
    ({ count }) => count,
    ({ classes }) => classes,
    ({ statistics }) => statistics,
    (target) => target.meanImage(),
    (target) => target.label(0),
    (target) => target.record(0),
    (target) => target.hashes(0, 1),
  ];
  for (const call of calls) expect(() => call(pack)).toThrow(closed);
  await expect(pack.verify(() => {}, flag())).rejects.toEqual(closed);
  expect(pack.close()).toBeUndefined();
  // A pack that was not opened but constructed is closed, too.
  const made = new (pack.constructor as new () => NativePack)();
  expect(() => made.label(0)).toThrow(closed);
});

test('a whole pack is verified; a changed byte is found', async () => {
  const pack = addon.openPack(packPath);
  let last: [number, number] = [0, 1];
  await pack.verify((done, total) => {
    last = [done, total];
  }, flag());
  expect(last[0]).toBe(last[1]);
  pack.close();

  const damagedPath = join(folder, 'damaged.pack');
  copyFileSync(packPath, damagedPath);
  const middle = Math.floor(statSync(damagedPath).size / 2);
  const file = openSync(damagedPath, 'r+');
  writeSync(file, Buffer.from([readFileSync(damagedPath)[middle] === 7 ? 8 : 7]), 0, 1, middle);
  closeSync(file);
  const damaged = addon.openPack(damagedPath);
  await expect(damaged.verify(() => {}, flag())).rejects.toMatchObject({ code: 'CORRUPT_PACK' });
  damaged.close();
});

test('packs that are missing or something else are refused', () => {
  expect(() => addon.openPack(join(folder, 'none.pack'))).toThrow(
    expect.objectContaining({ code: 'NOT_FOUND' }),
  );
  const text = join(folder, 'text.pack');
  writeFileSync(text, 'no pack');
  expect(() => addon.openPack(text)).toThrow(expect.objectContaining({ code: 'CORRUPT_PACK' }));
});
