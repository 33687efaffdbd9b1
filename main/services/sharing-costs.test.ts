import { describe, expect, it } from 'vitest';
import type { LayerDescription, NetDescription } from '../api/net-description.ts';
import { type RunConfig, runConfigSchema } from '../api/run-config.ts';
import { smallConfig } from '../api/test-config.ts';
import { sharingCosts } from './sharing-costs.ts';

/** 1000 parameters, 900 of them fully connected; 200 values an image in maps, 100 in units. */
function net(): NetDescription {
  const layer = (
    kind: 'conv' | 'fc',
    parameters: number,
    input: number,
    units: number,
  ): LayerDescription => ({
    name: kind,
    kind,
    input: [input, 1, 1],
    linear: [units, 1, 1],
    output: [units, 1, 1],
    groups: 1,
    gathers: false,
    parameters,
    multiplyAdds: 0,
    exchangeBytes: 0,
    weightShape: [1],
    ops: [],
  });
  const batch = smallConfig().optimiser.batchSize;
  return {
    columns: 1,
    inputSize: 5,
    classes: 3,
    parameters: 1000,
    units: 300,
    multiplyAdds: 0,
    trainingFlops: 0,
    parameterBytes: 12_000,
    activationBytes: 4 * 300 * batch,
    exchangeBytes: 640,
    layers: [layer('conv', 100, 75, 200), layer('fc', 900, 50, 100)],
  };
}

function config(parallelism: RunConfig['parallelism'], count: number, precision = 'fp32'): RunConfig {
  return runConfigSchema.parse({
    ...smallConfig(),
    parallelism,
    precision,
    devices: Array.from({ length: count }, (_, i) => `cuda:${i}`),
  });
}

const batch = smallConfig().optimiser.batchSize;
const activations = 2 * 4 * 300 * batch;

describe('sharingCosts', () => {
  it('halves everything where a column has its own device', () => {
    expect(sharingCosts(config('columns', 1), net())).toEqual({
      memoryBytes: 12_000 + activations,
      receivedBytes: 0,
    });
    expect(sharingCosts(config('columns', 2), net())).toEqual({
      memoryBytes: 6000 + activations / 2,
      receivedBytes: 1280,
    });
    expect(sharingCosts(config('columns', 2, 'bf16'), net()).receivedBytes).toBe(640);
  });

  it('keeps every parameter on each device and shares the batch', () => {
    expect(sharingCosts(config('data', 4), net())).toEqual({
      memoryBytes: 12_000 + activations / 4,
      // Three quarters of 4000 bytes, twice.
      receivedBytes: 6000,
    });
    expect(sharingCosts(config('pairs', 4), net())).toEqual({
      memoryBytes: 6000 + activations / 4,
      receivedBytes: 640 + 2000,
    });
  });

  it('splits fully connected parameters and joins their inputs in the hybrid', () => {
    expect(sharingCosts(config('hybrid', 2), net())).toEqual({
      memoryBytes: 1200 + 5400 + activations / 2 + 2 * 4 * 50 * batch,
      receivedBytes: 4 * 50 * batch + 400,
    });
  });

  it('costs the same alone, whatever it is called', () => {
    const alone = sharingCosts(config('columns', 1), net());
    expect(sharingCosts(config('data', 1), net())).toEqual(alone);
    expect(sharingCosts(config('hybrid', 1), net()).receivedBytes).toBe(0);
  });
});
