// The engine against PyTorch, through the command line alone: random weights that PyTorch wrote, imported, give the
// same answers to photos, and twenty training steps the same losses. Needs the addon and a python3 with torch; says
// so and skips where either is missing.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeTestPhotos } from '../../services/testing/test-photos.ts';

const checkout = fileURLToPath(new URL('../../../', import.meta.url));
const entry = join(checkout, 'main/shells/cli/main.ts');
const addon = process.env.ALEXNET_STUDIO_ADDON ?? join(checkout, 'native/build/release/alexnet.node');
const parity = join(checkout, 'native/tests/torch/parity.py');
const classes = 10;
const photosPerClass = 4;
const steps = 20;
/**
 * With a rate: training is compared too. Differences of rounding grow from step to step, and the faster the larger
 * the rate; these rates move the losses by more than half without losing them among rounding (at the paper's 0.01
 * PyTorch in fp32 and PyTorch in fp64 are 0.1 % apart after six such steps, too).
 */
const presets: { preset: string; rate?: number }[] = [
  { preset: 'paper-2012', rate: 5e-7 },
  { preset: 'alexnet', rate: 1e-3 },
  { preset: 'code-2012' },
  { preset: 'no-overlap-2012' },
  { preset: 'owt-2014' },
  { preset: 'caffenet' },
];
/** PyTorch takes most of each test's time, and more of it on a machine that does other work. */
const timeoutMs = 900_000;

function findPython(): string | undefined {
  return ['/usr/bin/python3', 'python3'].find((python) => {
    try {
      execFileSync(python, ['-c', 'import torch, numpy'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
}

const python = findPython();
const reason = !existsSync(addon)
  ? ` (skipped: the engine is not built, there is no ${addon})`
  : python === undefined
    ? ' (skipped: there is no python3 with torch)'
    : '';

interface PresetConfig {
  preset: string;
  net: { inputSize: number; classes: number };
  augmentation: Record<string, unknown>;
}

let root: string;
let pack: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'alexnet-parity-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Threads that wait for each other asleep: spinning takes the processor from whoever else is at work here. */
const env = { ...process.env, OMP_WAIT_POLICY: 'passive' };

function cli(...args: string[]): Record<string, unknown>[] {
  const stdout = execFileSync(
    process.execPath,
    [entry, '--json', '--data-dir', join(root, 'home'), ...args],
    {
      cwd: root,
      env,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    },
  );
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Runs parity.py on a configuration. */
function torch(what: 'logits' | 'losses', config: unknown, weights: string): Record<string, unknown> {
  const file = join(root, 'config.json');
  writeFileSync(file, JSON.stringify(config));
  const stdout = execFileSync(python ?? '', [parity, what, file, pack, weights], {
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return JSON.parse(stdout) as Record<string, unknown>;
}

function presetConfig(preset: string): PresetConfig {
  const file = join(checkout, 'resources/presets', `${preset}.json`);
  const { config } = JSON.parse(readFileSync(file, 'utf8')) as { config: PresetConfig };
  return { ...config, net: { ...config.net, classes } };
}

function norm(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

/** Logits are known up to a constant of each image: what is left without their mean. */
function centred(logits: readonly number[]): number[] {
  const mean = logits.reduce((sum, value) => sum + value, 0) / logits.length;
  return logits.map((value) => value - mean);
}

/** How far values are from what was expected, relative to the size of the latter. */
function relativeError(found: readonly number[], expected: readonly number[]): number {
  return norm(found.map((value, i) => value - (expected[i] ?? Number.NaN))) / norm(expected);
}

/** What is subtracted from the pixels of an imported model here. */
const mean = [120, 115, 105];

/** Logits by the command line, up to a constant of each photo, in the pack's order. */
function classify(model: string): number[][] {
  const answers = cli('classify', 'photos', '--model', model, '--top', String(classes)) as unknown as {
    file: string;
    predictions: { class: number; probability: number }[];
  }[];
  answers.sort((a, b) => (a.file < b.file ? -1 : 1));
  return answers.map(({ predictions }) =>
    predictions.sort((a, b) => a.class - b.class).map(({ probability }) => Math.log(probability)),
  );
}

describe.skipIf(reason !== '')(`the engine beside PyTorch${reason}`, () => {
  beforeAll(() => {
    writeTestPhotos(join(root, 'photos'), classes, photosPerClass, 'parity');
    const [added] = cli('dataset', 'add', '--name', 'photos', '--train', 'photos');
    pack = join(root, 'home/datasets', String(added?.id), 'train.pack');
  });

  /** Random weights that PyTorch draws, as the model `preset`; returns PyTorch's logits of the pack's photos. */
  function importDrawn(preset: string): number[][] {
    const config = presetConfig(preset);
    const augmentation = { ...config.augmentation, mean: 'rgb', gain: 1 };
    const { logits } = torch('logits', { ...config, augmentation, importedMean: mean }, weightsOf(preset));
    cli(
      ...['model', 'import', weightsOf(preset), '--name', preset, '--preset', preset],
      ...['--scale', '1', '--mean', mean.join(), '--std', '1,1,1'],
    );
    return logits as number[][];
  }

  function weightsOf(preset: string): string {
    return join(root, `${preset}.safetensors`);
  }

  /** The losses of a run that begins with the model `preset`, and its configuration. */
  function train(preset: string, rate: number): { losses: number[]; config: unknown } {
    const settings = [
      'shuffle=false',
      'net.dropout=0',
      'augmentation.crop=centre',
      'augmentation.mirror=false',
      'augmentation.colourNoise=0',
      'optimiser.schedule.kind=constant',
      `optimiser.learningRate=${rate}`,
    ];
    const events = cli(
      ...[
        'train',
        '--dataset',
        'photos',
        '--preset',
        preset,
        '--init',
        preset,
        '--name',
        `${preset}-run`,
        '--preprocessing',
        'dataset',
      ],
      ...['--steps', String(steps), '--batch', '8'],
      ...settings.flatMap((setting) => ['--set', setting]),
    );
    const losses = events.filter(({ event }) => event === 'step').map(({ loss }) => loss as number);
    const [run] = cli('runs', 'show', `${preset}-run`);
    cli('runs', 'delete', `${preset}-run`);
    return { losses, config: run?.config };
  }

  it.each(presets)(
    '$preset: the logits of imported weights, and the losses of training from them',
    ({ preset, rate }) => {
      const expected = importDrawn(preset).map(centred);
      const found = classify(preset).map(centred);
      expect(found).toHaveLength(expected.length);
      // fp32 sums over thousands of terms differ by about 1e-6 from one order of summation to another.
      expect(Math.max(...found.map((logits, i) => relativeError(logits, expected[i] ?? [])))).toBeLessThan(
        1e-4,
      );
      // The photos' logits differ among each other, or this would say little of the layers below the last.
      expect(relativeError(expected[0] ?? [], expected.at(-1) ?? [])).toBeGreaterThan(0.1);

      if (rate !== undefined) {
        const { losses, config } = train(preset, rate);
        const { losses: wanted } = torch('losses', config, weightsOf(preset)) as { losses: number[] };
        expect(losses).toHaveLength(steps);
        expect(Math.max(...losses.map((loss, i) => Math.abs(loss / (wanted[i] ?? 0) - 1)))).toBeLessThan(
          1e-3,
        );
        expect(Math.max(...wanted) / Math.min(...wanted)).toBeGreaterThan(1.5);
      }
      cli('model', 'remove', preset);
      rmSync(weightsOf(preset));
    },
    timeoutMs,
  );
});
