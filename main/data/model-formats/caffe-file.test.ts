import { describe, expect, it } from 'vitest';
import { refusal } from '../test-errors.ts';
import { MemoryBytes } from './byte-source.ts';
import { readCaffeMean } from './caffe-file.ts';
import { readModel } from './open-model-file.ts';
import {
  bytesField,
  fieldHead,
  floatField,
  integerField,
  integersField,
  messageField,
  textField,
} from './protobuf-writer.ts';
import { RecordedTensors } from './tensor-records.ts';
import { alexnetLayers, blob, caffeModel } from './testing/caffe-fixtures.ts';

const open = (bytes: Uint8Array) => readModel(new MemoryBytes(bytes, 'net.caffemodel'));
const refused = (bytes: Uint8Array) => refusal(() => open(bytes)).message;
const shape = { widths: [4, 8, 8, 8, 4, 6, 6, 3], side: 2 };
const value = (name: string, index: number) => name.length * 1000 + index / 4;

function model(order: 'lrn-pool' | 'pool-lrn', old: boolean): Buffer {
  return caffeModel('AlexNet', alexnetLayers({ ...shape, order }, value), old);
}

describe('a Caffe model', () => {
  it.each([
    { form: 'LayerParameter', old: false },
    { form: 'V1LayerParameter', old: true },
  ])('in the form of $form has its tensors and its layers', ({ old }) => {
    const found = open(model('lrn-pool', old));
    expect(found).toMatchObject({ format: 'caffe', title: 'AlexNet', chainProblem: undefined });
    const shapes = Object.fromEntries(found.tensors.map((tensor) => [tensor.name, tensor.shape]));
    expect(shapes).toMatchObject({
      'conv1.weight': [4, 3, 11, 11],
      'conv2.weight': [8, 2, 5, 5],
      'conv2.bias': [8],
      'conv3.weight': [8, 8, 3, 3],
      'fc6.weight': [6, 16],
      'fc8.bias': [3],
    });
    const bytes = new RecordedTensors('', found.records).read('fc6.weight', 5, 2);
    expect([...new Float32Array(Uint8Array.from(bytes).buffer)]).toEqual([
      value('fc6.weight', 5),
      value('fc6.weight', 6),
    ]);
    expect(found.chain?.map(({ kind }) => kind).slice(0, 8)).toEqual([
      'conv',
      'activation',
      'lrn',
      'pool',
      'conv',
      'activation',
      'lrn',
      'pool',
    ]);
    expect(found.chain?.[4]).toMatchObject({
      groups: 2,
      padding: [2, 2, 2, 2],
      stride: 1,
      weight: 'conv2.weight',
    });
    expect(found.chain?.[2]).toMatchObject({ size: 5, k: 1, beta: 0.75 });
    expect(found.chain?.[3]).toEqual({ kind: 'pool', size: 3, stride: 2, rounding: 'ceil' });
  });

  it('keeps the order of pooling and normalisation', () => {
    const kinds = open(model('pool-lrn', true)).chain?.map(({ kind }) => kind);
    expect(kinds?.slice(0, 4)).toEqual(['conv', 'activation', 'pool', 'lrn']);
  });

  it('that is no chain says so', () => {
    const layers = alexnetLayers({ ...shape, order: 'lrn-pool' }, value);
    const crossed = layers.map((layer) => (layer.name === 'conv3' ? { ...layer, bottom: 'norm1' } : layer));
    expect(open(caffeModel('x', crossed, false))).toMatchObject({
      chain: undefined,
      chainProblem: 'layer conv3 reads norm1, not the layer before it',
    });
  });
});

describe('hostile protobufs', () => {
  const layer = (...blobs: Buffer[]) =>
    messageField(
      100,
      textField(1, 'conv1'),
      textField(2, 'Convolution'),
      ...blobs.map((one) => bytesField(7, one)),
    );

  it('whose tensors are not what they claim are refused', () => {
    const weights = (extents: number[], count: number) => blob(extents, new Float32Array(count), false);
    expect(refused(layer(weights([4, 4], 15)))).toContain('needs values up to 15, but its storage has 15');
    expect(refused(layer(weights([-1, 4], 16)))).toContain('has the shape [-1,4]');
    expect(refused(layer(weights([2 ** 40, 2 ** 40], 16)))).toContain('more than');
    expect(refused(layer(weights([1, 1, 1, 1, 1, 1, 1, 1, 4], 4)))).toContain('9 dimensions');
    expect(refused(Buffer.concat([layer(weights([1], 1)), layer(weights([1], 1))]))).toContain('two layers');
    const unpacked = Buffer.concat([messageField(7, integersField(1, [1])), floatField(5, 1)]);
    expect(refused(layer(unpacked))).toContain('not packed');
  });

  it('whose lengths lead outside, or that never end, are refused', () => {
    expect(refused(Buffer.concat([textField(1, 'x'), fieldHead(100, 2 ** 31), Buffer.alloc(20)]))).toContain(
      'none of the formats',
    );
    const inner = Buffer.concat([textField(1, 'conv1'), fieldHead(7, 2 ** 40)]);
    expect(refused(messageField(100, inner))).toContain('longer than what it is in');
    expect(refused(messageField(100, Buffer.alloc(30, 0xff)))).toContain('a number does not end');
    expect(refused(messageField(100, integerField(7, 1)))).toContain('no message');
    // Nested a thousand times: nobody goes in.
    let nested: Buffer = Buffer.alloc(0);
    for (let depth = 0; depth < 1000; depth++) nested = bytesField(7, nested);
    expect(refusal(() => open(messageField(100, nested))).code).toBe('INVALID_MODEL');
    const many = Buffer.alloc(4_200_000, Buffer.from([0x48, 1]));
    expect(refused(Buffer.concat([textField(1, 'x'), messageField(2, many)]))).toContain('too many fields');
  });
});

describe('readCaffeMean', () => {
  const side = 256;

  it('turns planes of blue, green and red into pixels of red, green and blue', () => {
    const planes = new Float32Array(3 * side * side);
    planes.forEach((_, i) => {
      planes[i] = Math.floor(i / (side * side)) * 100 + (i % 7);
    });
    const bytes = readCaffeMean(new MemoryBytes(blob([3, side, side], planes, true)));
    const image = new Float32Array(bytes.buffer);
    expect([...image.subarray(0, 6)]).toEqual([
      200 + (131072 % 7),
      100 + (65536 % 7),
      0,
      200 + (131073 % 7),
      100 + (65537 % 7),
      1,
    ]);
  });

  it('refuses another shape', () => {
    const small = blob([3, 2, 2], new Float32Array(12), true);
    expect(refusal(() => readCaffeMean(new MemoryBytes(small))).message).toContain('not [3, 256, 256]');
  });
});
