import { describe, expect, it } from 'vitest';
import { AppError } from './errors.ts';
import { parseRunConfig } from './parse.ts';
import { presetSchema, runConfigSchema } from './run-config.ts';
import { smallConfig } from './test-config.ts';

function refusal(value: unknown): AppError {
  try {
    parseRunConfig(value);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('runConfigSchema', () => {
  it('fills what a configuration may leave out, so that a stored one is complete', () => {
    const config = smallConfig();
    expect(config).toMatchObject({
      seed: 1,
      shuffle: true,
      devices: ['cpu'],
      precision: 'fp32',
      threads: 0,
      validateEveryEpochs: 1,
      checkpoints: { everySteps: 0, everyMinutes: 10, keepLast: 2 },
      optimiser: { biasLearningRateFactor: 1, biasWeightDecayFactor: 0, biasRateFollowsSchedule: true },
      augmentation: { meanFollowsCrop: true, gain: 1 },
    });
    expect(runConfigSchema.parse(config)).toEqual(config);
    expect(runConfigSchema.parse(JSON.parse(JSON.stringify(config)))).toEqual(config);
  });

  it('takes 0 for what never happens', () => {
    const never = { validateEveryEpochs: 0, checkpoints: { everySteps: 0, everyMinutes: 0, keepLast: 1 } };
    expect(parseRunConfig({ ...smallConfig(), ...never })).toMatchObject(never);
    expect(refusal({ ...smallConfig(), validateEveryEpochs: -1 }).details).toEqual({
      field: 'validateEveryEpochs',
    });
  });

  it('wants exactly one of epochs and steps', () => {
    const { epochs: _epochs, ...endless } = smallConfig();
    expect(refusal(endless).message).toContain('give either epochs or steps');
    expect(refusal({ ...smallConfig(), steps: 3 }).message).toContain('cannot both be given');
  });

  it('names the layer and field of a wrong net', () => {
    const config = structuredClone(smallConfig()) as unknown as {
      net: { layers: Record<string, unknown>[] };
    };
    const [first] = config.net.layers;
    if (first === undefined) throw new Error('no layer');
    first.kernel = 'eleven';
    const error = refusal(config);
    expect(error.code).toBe('INVALID_SPEC');
    expect(error.details).toEqual({ field: 'net.layers.conv1.kernel' });
    expect(error.message).toContain('net.layers.conv1.kernel: expected number, received string');
  });

  it('refuses a field it does not know', () => {
    const error = refusal({ ...smallConfig(), batchSize: 3 });
    expect(error.code).toBe('INVALID_CONFIG');
    expect(error.message).toContain('batchSize: there is no such field');
  });

  it('refuses what is no object at all', () => {
    expect(refusal(null).code).toBe('INVALID_CONFIG');
    expect(refusal([]).code).toBe('INVALID_CONFIG');
  });
});

describe('presetSchema', () => {
  it('takes a preset file and refuses a note without its reason', () => {
    const preset = {
      name: 'small',
      title: 'Small',
      summary: 'For tests',
      config: smallConfig(),
      notes: [{ field: 'net.dropout', value: 0.5, reason: 'as published', source: 'section 4.2' }],
    };
    expect(presetSchema.parse(preset).config).toEqual(smallConfig());
    expect(presetSchema.safeParse({ ...preset, notes: [{ field: 'net.dropout', value: 1 }] }).success).toBe(
      false,
    );
  });
});
