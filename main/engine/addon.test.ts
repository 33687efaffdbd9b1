// The real addon: what needs neither pack nor net, and photos.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isErrorCode } from '../api/errors.ts';
import { loadAddon } from './load-addon.ts';
import { bitmap, testConfig } from './test-net.ts';

const addon = loadAddon();
const root = join(import.meta.dirname, '../..');

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'alexnet-addon-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('an addon that is not there or does not load is ENGINE_MISSING, with what to do', () => {
  expect(() => loadAddon(join(folder, 'none.node'))).toThrow(
    expect.objectContaining({ code: 'ENGINE_MISSING', message: expect.stringContaining('npm start') }),
  );
  const broken = join(folder, 'broken.node');
  writeFileSync(broken, 'no library');
  expect(() => loadAddon(broken)).toThrow(
    expect.objectContaining({ code: 'ENGINE_MISSING', message: expect.stringContaining('broken.node') }),
  );
});

test("the addon's version is the package's", () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  expect(addon.version).toBe(version);
});

test("a net is described with its numbers: the paper's", () => {
  const text = readFileSync(join(root, 'resources/presets/paper-2012.json'), 'utf8');
  const { config } = JSON.parse(text) as { config: { net: object } };
  const description = JSON.parse(addon.describeNet(JSON.stringify(config.net), 128)) as object;
  expect(description).toMatchObject({ parameters: 60_965_224, units: 659_272 });
});

test('a wrong net or configuration is refused with its place as details', () => {
  const { net } = testConfig();
  const wrong = { ...net, layers: net.layers.map((layer) => ({ ...layer, kernel: 99 })).slice(0, 1) };
  expect(() => addon.describeNet(JSON.stringify(wrong), 1)).toThrow(
    expect.objectContaining({ code: 'INVALID_SPEC', details: expect.objectContaining({ layer: 'conv1' }) }),
  );
  const config = { ...testConfig(), precision: 'fp7' };
  expect(() => addon.checkConfig(JSON.stringify(config))).toThrow(
    expect.objectContaining({ code: 'INVALID_CONFIG', details: { field: 'precision' } }),
  );
  expect(addon.checkConfig(JSON.stringify(testConfig()))).toBeUndefined();
});

test('the CPU is among the devices', () => {
  const cpu = addon.listDevices().find(({ id }) => id === 'cpu');
  expect(cpu).toMatchObject({ usable: true, reason: '' });
  expect(cpu?.cores).toBeGreaterThan(0);
  expect(cpu?.memoryBytes).toBeGreaterThan(2 ** 20);
  expect(cpu?.precisions).toContain('fp32');
});

test('a photo becomes a square of pixels or a JPEG', async () => {
  expect(addon.supportedFormats()).toEqual(expect.arrayContaining(['jpeg', 'png']));
  const path = join(folder, 'red.bmp');
  writeFileSync(path, bitmap(40, 30, [200, 10, 20], 1000));
  const pixels = await addon.loadSquare(path);
  expect(pixels).toHaveLength(256 * 256 * 3);
  expect([...pixels.subarray(0, 3)]).toEqual([200, 10, 20]);
  expect(await addon.loadSquare(path, { size: 16 })).toHaveLength(16 * 16 * 3);
  const jpeg = await addon.loadSquare(path, { size: 64, jpegQuality: 80 });
  expect([...jpeg.subarray(0, 2)]).toEqual([0xff, 0xd8]);
  expect([...jpeg.subarray(-2)]).toEqual([0xff, 0xd9]);
});

test('many photos at once all arrive', async () => {
  const path = join(folder, 'many.bmp');
  writeFileSync(path, bitmap(300, 300, [1, 2, 3]));
  const squares = await Promise.all(Array.from({ length: 40 }, () => addon.loadSquare(path, { size: 8 })));
  expect(new Set(squares.map((square) => square.join()))).toHaveLength(1);
});

test('photos that cannot be read reject with a code', async () => {
  await expect(addon.loadSquare(join(folder, 'none.jpg'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  const text = join(folder, 'text.jpg');
  writeFileSync(text, 'this is no image');
  const refused = await addon.loadSquare(text).catch((error: { code: string }) => error);
  expect(refused).toBeInstanceOf(Error);
  expect(isErrorCode((refused as { code: string }).code)).toBe(true);
  expect((refused as { code: string }).code).not.toBe('INTERNAL');
});

test('wrong arguments: plain functions throw, functions with a promise reject', async () => {
  const wrong = addon as unknown as Record<string, (...args: unknown[]) => unknown>;
  const invalid = expect.objectContaining({ code: 'INVALID_ARGUMENT' });
  for (const name of ['describeNet', 'checkConfig', 'openPack'])
    expect(() => wrong[name]?.(5)).toThrow(invalid);
  expect(() => addon.describeNet('{}', 0.5)).toThrow();
  for (const name of ['loadSquare', 'writePack', 'createTrainer', 'createPredictor']) {
    await expect(wrong[name]?.(5), name).rejects.toEqual(invalid);
    await expect(wrong[name]?.(), name).rejects.toEqual(invalid);
  }
  await expect(addon.loadSquare('a\0b')).rejects.toEqual(invalid);
  await expect(addon.loadSquare('a', { size: -1 })).rejects.toEqual(invalid);
  await expect(addon.loadSquare('a', { jpegQuality: 101 })).rejects.toEqual(invalid);
});

test('an object that the addon did not make is refused', async () => {
  const flag = addon.createCancelFlag();
  const forged = Object.create(Object.getPrototypeOf(flag) as object) as typeof flag;
  const options = { planPath: 'a', packPath: 'b', resultPath: 'c', classes: 1, threads: 1 };
  await expect(addon.writePack(options, () => {}, forged)).rejects.toThrow();
  await expect(addon.writePack(options, () => {}, {} as typeof flag)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
  });
  expect(() => flag.cancel.call({} as typeof flag)).toThrow();
  expect(flag.cancel()).toBeUndefined();
  expect(flag.cancel()).toBeUndefined();
});
