// A small run configuration for tests: every kind of field, two columns.
import { parseRunConfig } from './parse.ts';
import type { RunConfig } from './run-config.ts';

export function smallConfig(): RunConfig {
  return parseRunConfig({
    preset: 'small',
    net: {
      columns: 2,
      inputSize: 224,
      classes: 10,
      activation: 'relu',
      lrn: { size: 5, k: 2, alpha: 1e-4, beta: 0.75, alphaOverN: false },
      pooling: { size: 3, stride: 2, rounding: 'floor' },
      dropout: 0.5,
      dropoutScale: 'test',
      init: { kind: 'gaussian', sigma: 0.01 },
      layers: [
        {
          name: 'conv1',
          kind: 'conv',
          width: 32,
          kernel: 11,
          stride: 4,
          padding: 2,
          then: ['activation', 'lrn', 'pool'],
          sigma: 0.02,
        },
        { name: 'fc2', kind: 'fc', width: 64, reads: 'both', then: ['activation', 'dropout'], bias: 1 },
        { name: 'fc3', kind: 'fc', width: 'classes', reads: 'both' },
      ],
    },
    optimiser: {
      learningRate: 0.01,
      momentum: 0.9,
      weightDecay: 0.0005,
      batchSize: 32,
      schedule: { kind: 'plateau', factor: 0.5, patience: 7, threshold: 0.01, maxDrops: 3 },
      actions: [{ epoch: 6, kind: 'colourNoise', sigma: 0 }],
    },
    augmentation: { crop: 'random', mirror: true, colourNoise: 0.1, mean: 'image' },
    epochs: 5,
  });
}
