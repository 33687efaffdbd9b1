import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { refusal } from '../test-errors.ts';
import { temporaryFolder } from '../test-files.ts';
import { MemoryBytes } from './byte-source.ts';
import { openModelFile, readModel } from './open-model-file.ts';
import { bytesField, integerField, integersField, messageField, textField } from './protobuf-writer.ts';
import { RecordedTensors } from './tensor-records.ts';
import { corpusFolder } from './testing/corpus.ts';

const open = (bytes: Uint8Array) => readModel(new MemoryBytes(bytes, 'net.onnx'));
const refused = (bytes: Uint8Array) => refusal(() => open(bytes)).message;

function tensor(name: string, shape: number[], values: number[], more: Buffer[] = []): Buffer {
  const raw = bytesField(9, Buffer.from(new Float32Array(values).buffer));
  return messageField(5, integersField(1, shape), integerField(2, 1), textField(8, name), raw, ...more);
}

function node(type: string, inputs: string[], output: string, attributes: Buffer[] = []): Buffer {
  const named = inputs.map((input) => textField(1, input));
  return messageField(1, ...named, textField(2, output), textField(4, type), ...attributes);
}

const integerAttribute = (name: string, value: number) =>
  messageField(5, textField(1, name), integerField(3, value));

function onnx(...graph: Buffer[]): Buffer {
  const input = messageField(11, textField(1, 'x'));
  return Buffer.concat([integerField(1, 7), messageField(7, ...graph, input)]);
}

describe('an ONNX model', () => {
  it('of PyTorch is followed from the picture to the logits', () => {
    const model = openModelFile(join(corpusFolder, 'seed-onnx.bin'));
    expect(model).toMatchObject({ format: 'onnx', title: 'pytorch', inputSize: 15, chainProblem: undefined });
    expect(model.chain?.map(({ kind }) => kind)).toEqual([
      'conv',
      'activation',
      'pool',
      'conv',
      'activation',
      'fc',
    ]);
    expect(model.chain?.[3]).toMatchObject({ kind: 'conv', groups: 2, weight: 'features.3.weight' });
    model.close();
  });

  it('has products of either order as [out, in]', () => {
    const graph = [
      tensor('a', [2, 3], [1, 2, 3, 4, 5, 6]),
      tensor('b', [2, 3], [1, 2, 3, 4, 5, 6]),
      tensor('bias', [3], [0, 0, 0]),
      node('Gemm', ['x', 'a', 'bias'], 'y', [integerAttribute('transB', 1)]),
      node('MatMul', ['y', 'b'], 'z'),
      node('Add', ['z', 'bias'], 'w'),
    ];
    const model = open(onnx(...graph));
    expect(model.tensors.map(({ shape }) => shape)).toEqual([[2, 3], [3, 2], [3]]);
    const bytes = new RecordedTensors('', model.records).read('b', 0, 6);
    expect([...new Float32Array(Uint8Array.from(bytes).buffer)]).toEqual([1, 4, 2, 5, 3, 6]);
    expect(model.chain?.[1]).toMatchObject({ kind: 'fc', weight: 'b', bias: 'bias' });
  });

  it('that is no chain is still a set of tensors, and says what it is not', () => {
    const branch = onnx(tensor('a', [1], [1]), node('Relu', ['x'], 'y'), node('Relu', ['q'], 'z'));
    expect(open(branch)).toMatchObject({
      chain: undefined,
      chainProblem: 'node Relu does not read the node before it',
    });
    const strange = onnx(tensor('a', [1], [1]), node('If', ['x'], 'y'));
    expect(open(strange).chainProblem).toBe('it has a node of the kind If');
  });

  it('reads weights beside it, of its own folder alone', () => {
    const folder = temporaryFolder();
    const elsewhere = temporaryFolder();
    const pairs = (location: string) =>
      [
        ['location', location],
        ['offset', '4'],
        ['length', '8'],
      ].map(([key = '', value = '']) => messageField(13, textField(1, key), textField(2, value)));
    const model = (location: string) => {
      const outside = [integersField(1, [2]), integerField(2, 1), textField(8, 'w'), integerField(14, 1)];
      const path = join(folder, 'net.onnx');
      writeFileSync(path, onnx(messageField(5, ...outside, ...pairs(location))));
      return path;
    };
    writeFileSync(join(folder, 'weights'), Buffer.from(new Float32Array([1, 2, 3]).buffer));
    writeFileSync(join(elsewhere, 'secret'), Buffer.alloc(100));
    symlinkSync(join(elsewhere, 'secret'), join(folder, 'link'));
    const opened = openModelFile(model('weights'));
    const bytes = new RecordedTensors('', opened.records).read('w', 0, 2);
    expect([...new Float32Array(Uint8Array.from(bytes).buffer)]).toEqual([2, 3]);
    opened.close();
    for (const place of ['../secret', '/etc/passwd', 'a/../b', '..', '']) {
      expect(refusal(() => openModelFile(model(place))).message).toContain(
        "must be in the model's own folder",
      );
    }
    expect(refusal(() => openModelFile(model('link'))).message).toContain('a link to another folder');
    expect(refusal(() => openModelFile(model('gone'))).code).toBe('NOT_FOUND');
  });

  it('is refused where its tensors are not what they claim', () => {
    expect(refused(onnx(tensor('a', [3], [1, 2])))).toContain('needs values up to 2, but its storage has 2');
    expect(refused(onnx(tensor('a', [-3], [1, 2])))).toContain('has the shape [-3]');
    expect(refused(onnx(tensor('a', [1], [1]), tensor('a', [1], [1])))).toContain(
      'two tensors of the name "a"',
    );
    expect(refused(onnx(tensor('a', [1], [1], [bytesField(4, Buffer.alloc(4))])))).toContain(
      'in several parts',
    );
    expect(refused(Buffer.concat([onnx(), onnx()]))).toContain('two graphs');
  });

  it('that was cut off anywhere is refused', () => {
    const whole = readFileSync(join(corpusFolder, 'seed-onnx.bin'));
    for (let length = 1; length < whole.length - 20; length += 41) {
      expect(refusal(() => open(whole.subarray(0, length))).code).toBe('INVALID_MODEL');
    }
  });
});

describe('files that are often taken for weights', () => {
  it.each([
    ['an empty file', '', 'it is empty'],
    ['a pointer of Git LFS', 'version https://git-lfs.github.com/spec/v1\noid', 'git lfs pull'],
    ['a web page', '<!DOCTYPE html><html>', 'the download went wrong'],
    ['a prototxt', 'name: "AlexNet"\nlayer {', 'the weights are in'],
    ['something compressed', '\x1f\x8b\x08\0\0', 'unpack it first'],
    ['HDF5', '\x89HDF\r\n\x1a\n', 'HDF5'],
    ['JSON', '{"a": 1}', 'it is JSON'],
    ['noise', '\x01\x02\x03\x04noise and more', 'none of the formats'],
  ])('%s', (_, text, why) => {
    expect(refused(Buffer.from(text, 'latin1'))).toContain(why);
  });
});
