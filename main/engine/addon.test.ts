// The real addon: what needs neither pack nor net, and photos.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
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
  const wrong = {
    ...net,
    layers: net.layers.map((layer) => (layer.name === 'conv1' ? { ...layer, kernel: 999 } : layer)),
  };
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

test('the load of every GPU is told, and what is not known is null with its reason', async () => {
  const gpus = addon.listDevices().filter(({ id }) => id.startsWith('cuda:'));
  expect((await addon.readGpuLoads()).map(({ id }) => id)).toEqual(gpus.map(({ id }) => id));

  // The plug-in's stand-in, whose second GPU has no NVML.
  vi.stubEnv('ALEXNET_CUDA_PLUGIN', join(root, 'native/build/release/cuda_stubs/plugin/cpu.so'));
  try {
    expect(await addon.readGpuLoads()).toEqual([
      {
        id: 'cuda:0',
        utilisationPercent: 83,
        memoryUsedBytes: 20 * 2 ** 30,
        memoryBytes: 80 * 2 ** 30,
        reason: '',
      },
      {
        id: 'cuda:1',
        utilisationPercent: null,
        memoryUsedBytes: null,
        memoryBytes: null,
        reason: expect.stringContaining('NVML is missing'),
      },
    ]);
  } finally {
    vi.unstubAllEnvs();
  }
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

test('an image says what it is, is shown whole, and pixels become one', async () => {
  const file = bitmap(40, 30, [200, 10, 20]);
  expect(addon.readImageInfo(file)).toMatchObject({ format: 'bmp', width: 40, height: 30, orientation: 1 });
  const whole = await addon.decodeImage(file, 90);
  expect(addon.readImageInfo(whole)).toMatchObject({ format: 'jpeg', width: 40, height: 30 });
  const pixels = new Uint8Array(8 * 4 * 3).fill(128);
  const picture = addon.encodeJpeg(pixels, 8, 4, 90);
  expect(addon.readImageInfo(picture)).toMatchObject({ format: 'jpeg', width: 8, height: 4 });

  const text = Buffer.from('this is no image');
  const unsupported = expect.objectContaining({ code: 'UNSUPPORTED_IMAGE' });
  expect(() => addon.readImageInfo(text)).toThrow(unsupported);
  await expect(addon.decodeImage(text, 90)).rejects.toEqual(unsupported);
  const invalid = expect.objectContaining({ code: 'INVALID_ARGUMENT' });
  expect(() => addon.encodeJpeg(pixels, 8, 5, 90)).toThrow(invalid);
  expect(() => addon.readImageInfo('a.jpg' as never)).toThrow(invalid);
  await expect(addon.decodeImage(file, 0)).rejects.toEqual(invalid);
});

test('crops are drawn as training draws them: by seed, epoch and image', () => {
  const options = {
    crop: 'random' as const,
    mirror: true,
    colourNoise: 0.1,
    cropSize: 224,
    colourDeviations: [50, 10, 5],
    colourAxes: [1, 0, 0, 0, 1, 0, 0, 0, 1],
    seed: 7,
    image: 3,
    epochs: 200,
  };
  const draws = addon.drawCrops(options);
  expect(draws).toHaveLength(200);
  expect(addon.drawCrops(options)).toEqual(draws);
  expect(addon.drawCrops({ ...options, image: 4 })).not.toEqual(draws);
  expect(addon.drawCrops({ ...options, seed: 8 })).not.toEqual(draws);
  for (const { top, left } of draws) {
    expect(top).toBeGreaterThanOrEqual(0);
    expect(top).toBeLessThanOrEqual(32);
    expect(left).toBeLessThanOrEqual(32);
  }
  // 200 fair draws: beyond 60 and 140 is six standard deviations.
  const mirrored = draws.filter(({ mirror }) => mirror).length;
  expect(mirrored).toBeGreaterThan(60);
  expect(mirrored).toBeLessThan(140);
  // Along the first axis sigma is 0.1 * 50; its estimate from 200 draws is within a quarter.
  const spread = Math.sqrt(draws.reduce((sum, { colour }) => sum + colour[0] ** 2, 0) / 200);
  expect(spread).toBeGreaterThan(3.75);
  expect(spread).toBeLessThan(6.25);
  const [still] = addon.drawCrops({ ...options, crop: 'centre', mirror: false, colourNoise: 0, epochs: 1 });
  expect(still).toEqual({ top: 16, left: 16, mirror: false, colour: [0, 0, 0] });

  const crops = addon.testCrops(224);
  expect(crops.map(({ top, left, mirror }) => [top, left, mirror])).toEqual(
    [false, true].flatMap((mirror) => [
      [16, 16, mirror],
      [0, 0, mirror],
      [0, 32, mirror],
      [32, 0, mirror],
      [32, 32, mirror],
    ]),
  );
  const invalid = expect.objectContaining({ code: 'INVALID_ARGUMENT' });
  expect(() => addon.testCrops(257)).toThrow(invalid);
  expect(() => addon.drawCrops({ ...options, colourAxes: [1] })).toThrow(invalid);
  expect(() => addon.drawCrops({ ...options, crop: 'left' as never })).toThrow(invalid);
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
