// What a checkpoint's tensors say of each layer: how large the weights are, how large the last update was beside
// them, and which units have all but gone.
import { setImmediate as giveWay } from 'node:timers/promises';
import type { LayerStatistics } from '../api/operations/runs.ts';
import type { TensorSource } from '../data/tensor-source.ts';
import { bytesPerValue, pieces, valueCount } from '../data/tensor-source.ts';

/** A unit whose weights' norm is below this share of the layer's median is all but gone. */
const faintShare = 0.01;

interface Sums {
  count: number;
  sum: number;
  squares: number;
  /** Of each output unit's weights. */
  unitSquares: Float64Array;
}

/** Sums over a tensor [units, ...], piece by piece, so that nothing else waits long. */
async function sumUp(
  source: TensorSource,
  name: string,
  shape: readonly number[],
  signal: AbortSignal,
): Promise<Sums> {
  const values = valueCount(shape);
  const units = shape[0] ?? 1;
  const perUnit = values / units;
  const sums: Sums = { count: values, sum: 0, squares: 0, unitSquares: new Float64Array(units) };
  for (const [offset, count] of pieces(values)) {
    signal.throwIfAborted();
    const bytes = source.read(name, offset, count);
    const floats = new Float32Array(bytes.slice().buffer, 0, bytes.byteLength / bytesPerValue);
    for (let i = 0; i < floats.length; i++) {
      const value = floats[i] ?? 0;
      const square = value * value;
      sums.sum += value;
      sums.squares += square;
      const unit = Math.floor((offset + i) / perUnit);
      sums.unitSquares[unit] = (sums.unitSquares[unit] ?? 0) + square;
    }
    await giveWay();
  }
  return sums;
}

function rms({ squares, count }: Sums): number {
  return count === 0 ? 0 : Math.sqrt(squares / count);
}

function countFaint(unitSquares: Float64Array): number {
  const norms = unitSquares.map((squares) => Math.sqrt(squares)).sort();
  const median = norms[Math.floor(norms.length / 2)] ?? 0;
  return norms.filter((norm) => norm < faintShare * median).length;
}

/** One entry a layer, in the order of the checkpoint's tensors. Rejects with CORRUPT_CHECKPOINT, AbortError. */
export async function readLayerStatistics(
  source: TensorSource,
  signal: AbortSignal,
): Promise<LayerStatistics[]> {
  const shapes = new Map(source.tensors.map(({ name, shape }) => [name, shape]));
  const layers: LayerStatistics[] = [];
  for (const [name, shape] of shapes) {
    if (!name.endsWith('.weight')) continue;
    const layer = name.slice(0, -'.weight'.length);
    const weights = await sumUp(source, name, shape, signal);
    const biasShape = shapes.get(`${layer}.bias`);
    const bias = biasShape && (await sumUp(source, `${layer}.bias`, biasShape, signal));
    const velocityShape = shapes.get(`${name}.velocity`);
    const velocity = velocityShape && (await sumUp(source, `${name}.velocity`, velocityShape, signal));
    const mean = weights.sum / weights.count;
    const size = rms(weights);
    layers.push({
      layer,
      weights: weights.count,
      weightMean: mean,
      weightDeviation: Math.sqrt(Math.max(0, weights.squares / weights.count - mean * mean)),
      weightRms: size,
      biasMean: bias === undefined ? 0 : bias.sum / bias.count,
      updateRatio: velocity === undefined || size === 0 ? null : rms(velocity) / size,
      faintUnits: countFaint(weights.unitSquares),
      units: weights.unitSquares.length,
    });
  }
  return layers;
}
