// What tests of the real engine share: a net of some thousand parameters, and packs of generated images that
// it learns within seconds.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RunConfig, runConfigSchema } from '../api/run-config.ts';
import type { Addon, PackOptions, PredictorOptions, TensorInfo } from './addon.ts';

export const testClasses = 3;
export const testInputSize = 32;

/** Columns of a checkpointed run: two convolutions, dropout, a classifier. */
export function testConfig(changes: Partial<RunConfig> = {}, columns: 1 | 2 = 1): RunConfig {
  return runConfigSchema.parse({
    preset: 'test',
    net: {
      columns,
      inputSize: testInputSize,
      classes: testClasses,
      activation: 'relu',
      lrn: { size: 5, k: 2, alpha: 1e-4, beta: 0.75 },
      pooling: { size: 3, stride: 2, rounding: 'floor' },
      dropout: 0.5,
      dropoutScale: 'training',
      init: { kind: 'he' },
      layers: [
        { name: 'conv1', kind: 'conv', width: 8, kernel: 5, stride: 2, then: ['activation', 'lrn', 'pool'] },
        { name: 'fc2', kind: 'fc', width: 16, reads: 'both', then: ['activation', 'dropout'] },
        { name: 'fc3', kind: 'fc', width: 'classes', reads: 'both' },
      ],
    },
    optimiser: {
      learningRate: 0.001,
      momentum: 0.9,
      weightDecay: 0.0005,
      batchSize: 4,
      schedule: { kind: 'constant' },
    },
    augmentation: { crop: 'random', mirror: true, colourNoise: 0.1, mean: 'image', gain: 0.02 },
    ...(changes.steps === undefined ? { epochs: 5 } : {}),
    seed: 1,
    devices: ['cpu'],
    precision: 'fp32',
    threads: 1,
    checkpoints: { everySteps: 0, everyMinutes: 0 },
    ...changes,
  });
}

/** A 24-bit bitmap of one colour with stripes. */
export function bitmap(width: number, height: number, colour: [number, number, number], stripes = 8): Buffer {
  const stride = Math.ceil((width * 3) / 4) * 4;
  const file = Buffer.alloc(54 + stride * height);
  file.write('BM');
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(54, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const light = Math.floor(x / stripes) % 2 === 0 ? 1 : 0.7;
      const at = 54 + y * stride + x * 3;
      for (const channel of [0, 1, 2]) file[at + channel] = (colour[2 - channel] ?? 0) * light;
    }
  }
  return file;
}

const colours: [number, number, number][] = [
  [220, 40, 40],
  [40, 220, 40],
  [40, 40, 220],
];

/** Writes images, class by class, and returns their paths. */
export function writeImages(folder: string, perClass: number): string[] {
  mkdirSync(folder, { recursive: true });
  return colours.flatMap((colour, label) =>
    Array.from({ length: perClass }, (_, i) => {
      const path = join(folder, `${label}-${i}.bmp`);
      writeFileSync(path, bitmap(64 + i, 48 + 3 * i, colour, 3 + i));
      return path;
    }),
  );
}

export function labelOf(path: string): number {
  return Number(/(\d+)-\d+\.\w+$/.exec(path)?.[1] ?? 0);
}

/** The plan of a pack of these files. */
export function planPack(folder: string, name: string, paths: string[]): PackOptions {
  const planPath = join(folder, `${name}.plan`);
  const lines = paths.map((path) => JSON.stringify({ path, label: labelOf(path) }));
  writeFileSync(planPath, `${lines.join('\n')}\n`);
  return {
    planPath,
    packPath: join(folder, `${name}.pack`),
    resultPath: join(folder, `${name}.result`),
    classes: testClasses,
    threads: 2,
  };
}

/** Packs `perClass` generated images of each class; returns the pack's path. */
export async function makePack(addon: Addon, folder: string, perClass = 4): Promise<string> {
  const options = planPack(folder, 'images', writeImages(join(folder, 'images'), perClass));
  await addon.writePack(options, () => {}, addon.createCancelFlag());
  return options.packPath;
}

export function predictorOptions(config: RunConfig = testConfig()): PredictorOptions {
  return {
    netJson: JSON.stringify(config.net),
    preprocessing: { cropSize: testInputSize, mean: 'none', meanFollowsCrop: true, gain: [0.02, 0.02, 0.02] },
    devices: ['cpu'],
    precision: 'fp32',
    threads: 1,
    batch: 4,
  };
}

interface Readable {
  readonly tensors: TensorInfo[];
  read(tensor: string, offset: number, count: number): Uint8Array;
}

/** Every tensor's bytes, as text that tests compare. */
export function tensorBytes(source: Readable): Record<string, string> {
  return Object.fromEntries(
    source.tensors.map(({ name, shape }) => {
      const count = shape.reduce((product, size) => product * size, 1);
      return [name, Buffer.from(source.read(name, 0, count)).toString('base64')];
    }),
  );
}
