// What sharing a run's work among devices costs each of them: memory, and what it receives from the others.
import type { NetDescription } from '../api/net-description.ts';
import type { RunConfig } from '../api/run-config.ts';

export interface SharingCosts {
  /** Estimated: weights, velocities, gradients, activations of its part of a batch and their gradients. */
  memoryBytes: number;
  /** In one training step: activations and their gradients, and the sums of gradients. */
  receivedBytes: number;
}

const float = 4;

/** Per device of config.devices, all alike; `net` is described at the batch of the whole step. */
export function sharingCosts(config: RunConfig, net: NetDescription): SharingCosts {
  const count = config.devices.length;
  const { batchSize } = config.optimiser;
  // parameterBytes is weights, velocities and gradients; activations are in fp32, and have gradients of their size.
  const whole = net.parameterBytes + 2 * net.activationBytes;
  const inMaps = config.precision === 'bf16' ? 0.5 : 1;
  // Both ways, every column receives the other's part of what is joined.
  const columns = 2 * net.exchangeBytes * inMaps;
  switch (config.parallelism) {
    case 'columns':
      return { memoryBytes: Math.round(whole / count), receivedBytes: count === 1 ? 0 : columns };
    case 'data':
      return {
        memoryBytes: Math.round(net.parameterBytes + (2 * net.activationBytes) / count),
        receivedBytes: sumOf(net.parameters, count),
      };
    case 'pairs': {
      const replicas = Math.max(1, Math.floor(count / 2));
      return {
        memoryBytes: Math.round((net.parameterBytes + (2 * net.activationBytes) / replicas) / 2),
        receivedBytes: columns / replicas + sumOf(net.parameters / 2, replicas),
      };
    }
    case 'hybrid': {
      const fc = net.layers.filter(({ kind }) => kind === 'fc');
      const parameters = fc.reduce((sum, layer) => sum + layer.parameters, 0);
      const units = fc.reduce((sum, { linear }) => sum + product(linear), 0) * batchSize * float;
      // Of all rows, joined for every column: what the fully connected layers read.
      const joined = fc.reduce((sum, { input }) => sum + product(input), 0) * batchSize * float;
      const share = parameters / net.parameters;
      const kept = net.parameterBytes * (1 - share + share / count);
      const maps = (2 * (net.activationBytes - units)) / count;
      return {
        memoryBytes: Math.round(kept + maps + (2 * units) / count + 2 * joined * net.columns),
        receivedBytes:
          2 * joined * inMaps * ((count - 1) / count) + sumOf(net.parameters - parameters, count),
      };
    }
  }
}

/** A sum of fp32 gradients over `count` devices in a ring: each receives every part twice but its own. */
function sumOf(parameters: number, count: number): number {
  return Math.round((2 * parameters * float * (count - 1)) / count);
}

function product(shape: readonly number[]): number {
  return shape.reduce((all, length) => all * length, 1);
}
