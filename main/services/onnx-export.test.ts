// Every preset's net as ONNX, narrow and with drawn weights: ONNX's checker takes it, and ONNX Runtime answers as the
// engine does, whatever the batch. Needs the engine; the checker a python3 with onnx.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TensorInfo } from '../api/net-description.ts';
import type { NetConfig } from '../api/run-config.ts';
import { writeSafetensors } from '../data/model-formats/safetensors-writer.ts';
import { netTensors } from '../data/model-layout.ts';
import { bytesPerValue, valueCount } from '../data/tensor-source.ts';
import type { Addon, NativePredictor } from '../engine/addon.ts';
import { loadAddon } from '../engine/load-addon.ts';
import { planPack, writeImages } from '../engine/test-net.ts';
import { exportModel } from './model-export.ts';
import type { ResolvedModel } from './model-resolver.ts';
import { describeNet } from './net-description.ts';
import { Presets } from './presets.ts';
import { worstError } from './testing/logits.ts';
import { runOnnx } from './testing/onnx-runtime.ts';
import { checkout, findPython, runPython } from './testing/python.ts';

const python = findPython('onnx');
const noChecker = python === undefined ? ' (skipped: there is no python3 with onnx)' : '';
const records = 4;
const classes = 10;
const meanRgb: [number, number, number] = [124, 117, 104];
const presets = new Presets(join(checkout, 'resources/presets'));

/** So narrow that it takes a moment, and wide enough that a window of normalisation is narrower than a column. */
function narrow(preset: string, changes: Partial<NetConfig> = {}): NetConfig {
  const { net } = presets.configure({ preset, settings: ['net.widthFactor=0.125'] }, classes);
  return { ...net, ...changes };
}

/** What follows flat activations is small: normalisation has to be strong to show. */
const strongLrn = { size: 5, k: 2, alpha: 0.3, beta: 0.75, alphaOverN: false };
const nets: [string, NetConfig][] = [
  ...presets.names().map((name): [string, NetConfig] => [name, narrow(name)]),
  ...(['tanh', 'sigmoid'] as const).map((activation): [string, NetConfig] => [
    activation,
    narrow('paper-2012', { activation, lrn: strongLrn }),
  ]),
];
/** Standard deviations, times the root of a unit's inputs, that keep differences between photos alive. */
const spread = { relu: Math.SQRT2, tanh: 1.5, sigmoid: 8 };

let addon: Addon;
let folder: string;
let pack: string;
const files: string[] = [];
beforeAll(async () => {
  addon = loadAddon();
  folder = mkdtempSync(join(tmpdir(), 'alexnet-onnx-'));
  const plan = planPack(folder, 'images', writeImages(join(folder, 'images'), 2).slice(0, records));
  await addon.writePack(plan, () => {}, addon.createCancelFlag());
  pack = plan.packPath;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Bytes as they are where activations grow with them: normalisation shows as it does in training. */
function preprocessingOf({ inputSize, activation }: NetConfig): ResolvedModel['preprocessing'] {
  const gain = activation === 'relu' ? 1 : 1 / 60;
  return {
    cropSize: inputSize,
    mean: 'rgb',
    meanFollowsCrop: true,
    meanRgb,
    gain: [gain, gain, gain],
  };
}

function drawer(seed: number): () => number {
  let state = seed;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

type Weights = Map<string, Float32Array<ArrayBuffer>>;

function drawWeights(net: NetConfig, tensors: readonly TensorInfo[]): Weights {
  const normal = drawer(7);
  return new Map(
    tensors.map(({ name, shape }) => {
      const inputs = valueCount(shape.slice(1));
      const deviation = name.endsWith('.bias') ? 0.1 : spread[net.activation] / Math.sqrt(inputs);
      return [name, Float32Array.from({ length: valueCount(shape) }, () => deviation * normal())];
    }),
  );
}

function bytesOf(weights: Weights, name: string): Uint8Array {
  return new Uint8Array(weights.get(name)?.buffer ?? new ArrayBuffer());
}

async function openNet(net: NetConfig, weights: Weights): Promise<NativePredictor> {
  const predictor = await addon.createPredictor({
    netJson: JSON.stringify(net),
    preprocessing: { ...preprocessingOf(net), meanValues: Float32Array.from(meanRgb) },
    devices: ['cpu'],
    precision: 'fp32',
    threads: 1,
    batch: 1,
    views: true,
  });
  for (const { name } of predictor.tensors) predictor.load(name, 0, bytesOf(weights, name));
  return predictor;
}

/** Scales the last layer's weights so that the softmax tells its logits. */
async function scaleClassifier(net: NetConfig, weights: Weights): Promise<void> {
  const predictor = await openNet(net, weights);
  const features = await predictor.features({ pack, record: 0 });
  await predictor.close();
  const size = Math.sqrt(features.reduce((sum, value) => sum + value * value, 0) / features.length);
  const last = [...weights.keys()].filter((name) => name.endsWith('.weight')).at(-1) ?? '';
  weights.set(
    last,
    (weights.get(last) ?? new Float32Array()).map((value) => value / size),
  );
}

/** Up to a constant, which the softmax does not tell. */
async function engineLogits(net: NetConfig, weights: Weights): Promise<number[][]> {
  const predictor = await openNet(net, weights);
  const logits: number[][] = [];
  for (let record = 0; record < records; record += 1) {
    logits.push(Array.from(await predictor.lookAt({ pack, record }), Math.log));
  }
  await predictor.close();
  return logits;
}

describe('an exported net answers in ONNX Runtime as in the engine', () => {
  it.each(nets)('%s', async (name, net) => {
    const description = describeNet(addon, net);
    const tensors = netTensors(description);
    const weights = drawWeights(net, tensors);
    await scaleClassifier(net, weights);
    const ours = await engineLogits(net, weights);
    // Photos that all get the same answer would show nothing.
    expect(worstError(ours, [...ours.slice(1), ...ours.slice(0, 1)])).toBeGreaterThan(0.05);

    const stored = join(folder, `${name}.safetensors`);
    const read = (tensor: string, offset: number, count: number) =>
      bytesOf(weights, tensor).subarray(offset * bytesPerValue, (offset + count) * bytesPerValue);
    await writeSafetensors(
      stored,
      { tensors, read },
      { metadata: {}, names: tensors.map((one) => one.name) },
    );
    const model: ResolvedModel = {
      title: name,
      runId: null,
      modelId: 'm',
      checkpointStep: null,
      source: { kind: 'safetensors', file: stored },
      preset: name,
      net,
      preprocessing: preprocessingOf(net),
      labels: Array.from({ length: classes }, (_, label) => `class ${label}`),
      parameters: description.parameters,
    };
    const out = join(folder, `${name}.onnx`);
    await exportModel({ addon, version: '0' }, model, { model: name, format: 'onnx', out });
    files.push(out);
    // Three records, then the one that is left.
    const { logits, sums } = await runOnnx(out, pack, model.preprocessing, 3);
    expect(worstError(logits, ours)).toBeLessThan(1e-4);
    for (const sum of sums) expect(sum).toBeCloseTo(1, 5);
  });

  it.skipIf(python === undefined)(`each of them passes ONNX's checker${noChecker}`, () => {
    expect(files).toHaveLength(nets.length);
    const found = runPython(python ?? '', 'check_onnx.py', ...files) as { nodes: string[] }[];
    expect(found).toHaveLength(files.length);
    for (const one of found) expect(one).toMatchObject({ opset: 13, outputs: ['logits', 'probabilities'] });
    const nodes = Object.fromEntries(found.map((one, i) => [nets[i]?.[0], one.nodes]));
    expect(nodes['code-2012']).toContain('AveragePool');
    expect(nodes['no-lrn-2012']).not.toContain('LRN');
    expect(nodes.tanh).toContain('Tanh');
    expect(nodes.sigmoid).toContain('Sigmoid');
  });
});
