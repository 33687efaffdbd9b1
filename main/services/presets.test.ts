import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { AppError } from '../api/errors.ts';
import { Presets } from './presets.ts';

const presets = new Presets(fileURLToPath(new URL('../../resources/presets', import.meta.url)));

function refusal(work: () => unknown): AppError {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('Presets', () => {
  it('lists the default first, and every preset parses', () => {
    const names = presets.list().map((preset) => preset.name);
    expect(names[0]).toBe('alexnet');
    expect(names).toContain('paper-2012');
    expect(names).toEqual(presets.names());
  });

  it('refuses an unknown preset and names the nearest', () => {
    const error = refusal(() => presets.load('papper-2012'));
    expect(error.code).toBe('INVALID_CONFIG');
    expect(error.message).toContain('did you mean paper-2012?');
    expect(refusal(() => presets.load('../presets/alexnet')).code).toBe('INVALID_CONFIG');
    expect(refusal(() => presets.load('zzz')).message).toMatch(
      /^there is no preset 'zzz'; there are: alexnet, /,
    );
  });
});

describe('configure', () => {
  it("takes the preset's values where nothing is said, and the data set's classes", () => {
    const config = presets.configure({}, 12);
    const preset = presets.load('alexnet').config;
    expect(config).toEqual({ ...preset, net: { ...preset.net, classes: 12 } });
  });

  it('puts options over the preset and settings over options', () => {
    const config = presets.configure(
      {
        preset: 'paper-2012',
        steps: 7,
        batchSize: 32,
        devices: ['cpu', 'cpu'],
        precision: 'bf16',
        threads: 2,
        seed: 9,
        settings: ['optimiser.batchSize=16', 'net.layers.conv1.sigma=0.05', 'shuffle=false'],
      },
      10,
    );
    expect(config).toMatchObject({
      steps: 7,
      devices: ['cpu', 'cpu'],
      precision: 'bf16',
      threads: 2,
      seed: 9,
    });
    expect(config.epochs).toBeUndefined();
    expect(config.optimiser.batchSize).toBe(16);
    expect(config.net.layers[0]?.sigma).toBe(0.05);
    expect(config.shuffle).toBe(false);
    expect(presets.configure({ epochs: 3 }, 10)).toMatchObject({ epochs: 3 });
  });

  it('refuses what cannot be', () => {
    expect(refusal(() => presets.configure({ batchSize: 0 }, 10)).details).toEqual({
      field: 'optimiser.batchSize',
    });
    expect(refusal(() => presets.configure({ settings: ['net.classes=5'] }, 10)).message).toContain(
      '10 classes',
    );
    expect(refusal(() => presets.configure({ settings: ['preset=paper-2012'] }, 10)).message).toContain(
      'choose the preset paper-2012 itself',
    );
    expect(presets.configure({ settings: ['preset=alexnet'] }, 10).preset).toBe('alexnet');
    expect(refusal(() => presets.configure({ devices: ['gpu'] }, 10)).message).toContain('cpu or cuda:N');
    expect(refusal(() => presets.configure({ settings: ['optimiser.lerningRate=1'] }, 10)).code).toBe(
      'INVALID_CONFIG',
    );
  });
});
