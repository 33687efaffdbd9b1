// What becomes of a Caffe model, with the engine's own description of nets; skipped where the engine is not built.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { MemoryBytes } from '../../data/model-formats/byte-source.ts';
import type { ModelFile } from '../../data/model-formats/model-file.ts';
import { readModel } from '../../data/model-formats/open-model-file.ts';
import { alexnetLayers, caffeModel } from '../../data/model-formats/testing/caffe-fixtures.ts';
import { loadAddon } from '../../engine/load-addon.ts';
import { ClassNames } from '../class-names.ts';
import { Presets } from '../presets.ts';
import { ModelRecogniser } from './recogniser.ts';

const place = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const built = existsSync(process.env.ALEXNET_STUDIO_ADDON ?? place('native/build/release/alexnet.node'));
const reason = built ? '' : ' (skipped: the engine is not built)';
const recogniser = new ModelRecogniser({
  presets: new Presets(place('resources/presets')),
  classNames: new ClassNames(place('resources/class-names')),
  addon: loadAddon,
});
const shape = { widths: [16, 32, 32, 32, 32, 24, 24, 5], side: 6 };
const value = (name: string, index: number) => Math.fround(name.length + index / 64);

function recognise(order: 'lrn-pool' | 'pool-lrn', old: boolean, corrections = {}) {
  const bytes = caffeModel('AlexNet', alexnetLayers({ ...shape, order }, value), old);
  return recogniser.recognise(readModel(new MemoryBytes(bytes, 'net.caffemodel')), corrections);
}

describe.skipIf(!built)(`a Caffe model${reason}`, () => {
  it.each([false, true])('is a net of two columns with its order of layers (V1: %s)', (old) => {
    const { recognition, description } = recognise('lrn-pool', old);
    expect(recognition).toMatchObject({
      format: 'caffe',
      fits: true,
      columns: 2,
      inputSize: 227,
      classes: 5,
    });
    expect(recognition.kind).toContain('bvlc_alexnet');
    const { net } = description.model;
    expect(net.lrn).toEqual({ size: 5, k: 1, alpha: 0.0001, beta: 0.75, alphaOverN: true });
    expect(net.layers.map(({ reads }) => reads)).toEqual([
      undefined,
      'own',
      'both',
      'own',
      'own',
      'both',
      'both',
      'both',
    ]);
    expect(net.layers[0]?.then).toEqual(['activation', 'lrn', 'pool']);
    const other = recognise('pool-lrn', old);
    expect(other.description.model.net.layers[0]?.then).toEqual(['activation', 'pool', 'lrn']);
    expect(other.recognition.kind).toContain('caffenet');
  });

  it('has its first weights turned from blue, green, red, and nothing else', () => {
    const { recognition, tensors } = recognise('lrn-pool', false);
    expect(recognition.preprocessing).toMatchObject({
      channels: 'bgr',
      scale: 1,
      mean: [122.6789, 116.6688, 104.007],
    });
    const floats = (name: string, offset: number, count: number) => [
      ...new Float32Array(Uint8Array.from(tensors.read(name, offset, count)).buffer),
    ];
    const plane = 11 * 11;
    // Kernel 1, red: the file's third plane of that kernel.
    expect(floats('conv1.weight', 3 * plane, 1)).toEqual([value('conv1.weight', 5 * plane)]);
    expect(floats('conv1.weight', 5 * plane + 7, 1)).toEqual([value('conv1.weight', 3 * plane + 7)]);
    // Group 1 follows group 0 as column 1 follows column 0.
    expect(floats('conv2.weight', 16 * 8 * 25, 2)).toEqual(
      [16 * 8 * 25, 16 * 8 * 25 + 1].map((i) => value('conv2.weight', i)),
    );
    expect(floats('fc8.bias', 0, 5)).toEqual([0, 1, 2, 3, 4].map((i) => value('fc8.bias', i)));
    const asIs = recognise('lrn-pool', false, { channels: 'rgb' }).tensors;
    expect(Buffer.from(asIs.read('conv1.weight', 0, 1)).readFloatLE()).toBe(value('conv1.weight', 0));
  });

  it('of another form lists what does not fit', () => {
    const { recognition } = recognise('lrn-pool', false, { preset: 'owt-2014' });
    expect(recognition.fits).toBe(false);
    const misfits = recognition.tensors.filter(({ problem }) => problem !== '');
    expect(misfits.map(({ tensor }) => tensor)).toContain('conv2.weight');
  });
});

/** A state dict that torchvision's alexnet would save, were it of other widths. */
function stateDict(widths: readonly number[], changed: Record<string, number[]> = {}): ModelFile {
  const modules = ['features.0', 'features.3', 'features.6', 'features.8', 'features.10'];
  const products = ['classifier.1', 'classifier.4', 'classifier.6'];
  const kernels = [11, 5, 3, 3, 3];
  const shapes = Object.fromEntries(
    [...modules, ...products].flatMap((module, i) => {
      const [width = 0, before = 3] = [widths[i], widths[i - 1]];
      const kernel = kernels[i];
      const inputs = kernel === undefined ? [i === 5 ? before * 36 : before] : [before, kernel, kernel];
      return [
        [`${module}.weight`, [width, ...inputs]],
        [`${module}.bias`, [width]],
      ];
    }),
  );
  const tensors = Object.entries({ ...shapes, ...changed }).map(([name, shape]) => ({ name, shape }));
  const nothing = { metadata: {}, records: [], close() {} };
  return {
    path: 'net.pth',
    format: 'pytorch',
    title: 'PyTorch',
    tensors,
    ...nothing,
  } as unknown as ModelFile;
}

describe.skipIf(!built)(`a file with torchvision's names${reason}`, () => {
  const look = (file: ModelFile) => recogniser.recognise(file, {}).recognition;
  const half = [32, 96, 192, 128, 128, 2048, 2048, 1000];

  it('is its net in whatever widths, with the errors published for its own alone', () => {
    const full = look(stateDict([64, 192, 384, 256, 256, 4096, 4096, 1000]));
    expect(full).toMatchObject({ preset: 'owt-2014', kind: "torchvision's alexnet", fits: true });
    expect(full.claim?.top1Error).toBe(0.4348);
    expect(look(stateDict(half))).toMatchObject({
      preset: 'owt-2014',
      kind: "torchvision's alexnet, 0.5 times as wide",
      fits: true,
      claim: null,
      preprocessing: { scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
    });
    // As wide as the paper's net in one column, and with its layers all the same not that net: nothing normalises.
    expect(look(stateDict([96, 256, 384, 384, 256, 4096, 4096, 1000]))).toMatchObject({
      preset: 'owt-2014',
      kind: "torchvision's alexnet, in other widths",
      fits: true,
      claim: null,
    });
  });

  it('lists the shapes that do not fit each other', () => {
    const { preset, fits, tensors } = look(
      stateDict(half, {
        'features.3.weight': [96, 16, 5, 5],
        'features.10.bias': [127],
        'classifier.4.weight': [2048, 9],
      }),
    );
    expect([preset, fits]).toEqual(['owt-2014', false]);
    expect(
      tensors.filter(({ problem }) => problem !== '').map(({ inFile, problem }) => [inFile, problem]),
    ).toEqual([
      ['features.3.weight', 'is [96, 16, 5, 5]; the net wants [96, 32, 5, 5]'],
      ['features.10.bias', 'is [127]; the net wants [128]'],
      ['classifier.4.weight', 'is [2048, 9]; the net wants [2048, 2048]'],
    ]);
  });
});
