import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fp16ToFp32Bits } from '../float-formats.ts';
import { copyTensors } from '../tensor-source.ts';
import { refusal, rejection } from '../test-errors.ts';
import { smallDisk, temporaryFolder } from '../test-files.ts';
import { seededTensors, testTensors } from '../test-tensors.ts';
import { SafetensorsFile } from './safetensors.ts';
import { writeSafetensors } from './safetensors-writer.ts';

/** A file from its header (a value, or text or bytes as they are) and data. */
function file(header: unknown, data: Uint8Array = new Uint8Array(), length?: bigint): string {
  const json =
    header instanceof Uint8Array
      ? header
      : Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(length ?? BigInt(json.length));
  const path = join(temporaryFolder(), 'model.safetensors');
  writeFileSync(path, Buffer.concat([prefix, json, data]));
  return path;
}

function emptyFile(): string {
  const path = join(temporaryFolder(), 'empty.safetensors');
  writeFileSync(path, '');
  return path;
}

function tensor(dtype: string, shape: unknown, begin: unknown, end: unknown): unknown {
  return { dtype, shape, data_offsets: [begin, end] };
}

function floats(bytes: Uint8Array): number[] {
  return [...new Float32Array(Uint8Array.from(bytes).buffer)];
}

describe('writeSafetensors', () => {
  it('writes what SafetensorsFile reads', async () => {
    const path = join(temporaryFolder(), 'model.safetensors');
    const size = await writeSafetensors(path, seededTensors(3), {
      metadata: { preset: 'alexnet', 'class 0': 'épée' },
    });
    expect(readFileSync(path)).toHaveLength(size);
    expect(readdirSync(join(path, '..'))).toEqual(['model.safetensors']);

    const model = new SafetensorsFile(path);
    expect(model.tensors).toEqual(testTensors);
    expect(model.metadata).toEqual({ preset: 'alexnet', 'class 0': 'épée' });
    const wanted = seededTensors(3);
    let pieces = 0;
    await copyTensors(model, (name, offset, bytes) => {
      pieces++;
      expect(Buffer.compare(bytes, wanted.read(name, offset, bytes.byteLength / 4))).toBe(0);
    });
    expect(pieces).toBe(6);
    model.close();
  });

  it('is laid out as the format says: length, JSON, then the values on a boundary of eight', async () => {
    const path = join(temporaryFolder(), 'model.safetensors');
    const info = [{ name: 'a', shape: [2] }];
    const source = { tensors: info, read: () => new Uint8Array(new Float32Array([1, -2]).buffer) };
    await writeSafetensors(path, source);
    const bytes = readFileSync(path);
    const length = Number(bytes.readBigUInt64LE());
    expect(length % 8).toBe(0);
    expect(JSON.parse(bytes.subarray(8, 8 + length).toString())).toEqual({
      a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
    });
    expect(floats(bytes.subarray(8 + length))).toEqual([1, -2]);
  });

  it('writes the tensors asked for, in that order', async () => {
    const path = join(temporaryFolder(), 'model.safetensors');
    await writeSafetensors(path, seededTensors(1), { names: ['conv1.bias', 'conv1.weight'] });
    const model = new SafetensorsFile(path);
    expect(model.entries.map(({ name, begin, end }) => [name, begin, end])).toEqual([
      ['conv1.bias', 0, 16],
      ['conv1.weight', 16, 1216],
    ]);
    model.close();
    const error = await rejection(writeSafetensors(path, seededTensors(1), { names: ['fc9.bias'] }));
    expect(error.code).toBe('NOT_FOUND');
  });

  it('leaves the file that was there where it fails', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'model.safetensors');
    writeFileSync(path, 'before');
    const failing = {
      tensors: testTensors,
      read: () => {
        throw new Error('the source broke');
      },
    };
    expect((await rejection(writeSafetensors(path, failing))).message).toContain('the source broke');
    expect(readFileSync(path, 'utf8')).toBe('before');
    expect(readdirSync(folder)).toEqual(['model.safetensors']);
    const nowhere = join(folder, 'missing', 'model.safetensors');
    expect((await rejection(writeSafetensors(nowhere, seededTensors(1)))).code).toBe('NOT_FOUND');
  });

  it('says that the disk is full', async ({ skip }) => {
    const disk = smallDisk(1_000_000);
    if (disk === undefined) return skip('mounting a small disk needs more rights than this process has');
    const error = await rejection(writeSafetensors(join(disk, 'model.safetensors'), seededTensors(1)));
    expect(error.code).toBe('DISK_FULL');
    expect(readdirSync(disk)).toEqual([]);
  });
});

describe('SafetensorsFile', () => {
  it('turns fp16, bf16 and fp64 into fp32', () => {
    const halves = new Uint16Array([0x3c00, 0xc000, 0x7bff, 0x0001, 0x8000]); // 1, -2, 65504, 2^-24, -0
    const bf16 = new Uint16Array([0x3f80, 0xc000, 0x4049]); // 1, -2, 3.140625
    const doubles = new Float64Array([Math.PI, -1e300, 2 ** -149]);
    const data = Buffer.concat([halves, bf16, doubles].map((array) => Buffer.from(array.buffer)));
    const model = new SafetensorsFile(
      file(
        {
          h: tensor('F16', [5], 0, 10),
          b: tensor('BF16', [3], 10, 16),
          d: tensor('F64', [3], 16, 40),
        },
        data,
      ),
    );
    expect(floats(model.read('h', 0, 5))).toEqual([1, -2, 65504, 2 ** -24, -0]);
    expect(floats(model.read('h', 1, 2))).toEqual([-2, 65504]);
    expect(floats(model.read('b', 0, 3))).toEqual([1, -2, 3.140625]);
    expect(floats(model.read('d', 0, 3))).toEqual([
      Math.fround(Math.PI),
      Number.NEGATIVE_INFINITY,
      2 ** -149,
    ]);
    model.close();
  });

  it('reads every fp16 exactly', () => {
    const view = new DataView(new ArrayBuffer(4));
    for (let bits = 0; bits < 65536; bits++) {
      view.setUint32(0, fp16ToFp32Bits(bits));
      const value = view.getFloat32(0);
      const sign = bits & 0x8000 ? -1 : 1;
      const exponent = (bits >> 10) & 31;
      const mantissa = bits & 1023;
      // IEEE 754 binary16, by its definition.
      const wanted =
        exponent === 31
          ? mantissa === 0
            ? sign * Number.POSITIVE_INFINITY
            : Number.NaN
          : sign * (exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25));
      if (!Object.is(value, wanted)) expect(`${bits}: ${value}`).toBe(`${bits}: ${wanted}`);
    }
  });

  it('lists other types and refuses to read them', () => {
    const model = new SafetensorsFile(file({ n: tensor('I64', [], 0, 8) }, new Uint8Array(8)));
    expect(model.tensors).toEqual([{ name: 'n', shape: [] }]);
    expect(refusal(() => model.read('n', 0, 1)).code).toBe('INVALID_MODEL');
    expect(refusal(() => model.read('m', 0, 1)).code).toBe('NOT_FOUND');
    model.close();
  });

  it('refuses ranges outside of a tensor, and everything once closed', () => {
    const model = new SafetensorsFile(file({ a: tensor('F32', [2], 0, 8) }, new Uint8Array(8)));
    for (const [offset, count] of [
      [-1, 1],
      [0, -1],
      [0, 3],
      [2, 1],
    ] as const) {
      expect(refusal(() => model.read('a', offset, count)).code).toBe('INVALID_ARGUMENT');
    }
    model.close();
    model.close();
    expect(refusal(() => model.read('a', 0, 1)).message).toContain('is closed');
  });

  const four = new Uint8Array(4);
  it.each<[string, () => string]>([
    ['an empty file', emptyFile],
    ['a header longer than the file', () => file('{}', four, 100n)],
    ['a header length of 2^63', () => file('{}', four, 2n ** 63n)],
    ['a header of no JSON', () => file('{"a":')],
    ['a header that is no UTF-8', () => file(Buffer.from([0x22, 0xff, 0x22]))],
    ['a header that is a list', () => file([])],
    ['a header that is null', () => file('null')],
    ['an entry without a shape', () => file({ a: { dtype: 'F32', data_offsets: [0, 4] } }, four)],
    ['a negative extent', () => file({ a: tensor('F32', [-1], 0, 4) }, four)],
    ['half an extent', () => file({ a: tensor('F32', [0.5], 0, 2) }, four)],
    ['an extent of 1e400', () => file('{"a":{"dtype":"F32","shape":[1e400],"data_offsets":[0,4]}}', four)],
    [
      'extents whose product overflows',
      () => file({ a: tensor('F32', [2 ** 40, 2 ** 40, 2 ** 40], 0, 4) }, four),
    ],
    ['an offset beyond the file', () => file({ a: tensor('F32', [2], 0, 8) }, four)],
    ['a negative offset', () => file({ a: tensor('F32', [1], -4, 0) }, four)],
    ['an end before its begin', () => file({ a: tensor('F32', [1], 4, 0) }, four)],
    ['fewer bytes than its shape', () => file({ a: tensor('F32', [2], 0, 4) }, four)],
    ['more bytes than its shape', () => file({ a: tensor('F16', [1], 0, 4) }, four)],
    [
      'two tensors in one place',
      () => file({ a: tensor('F32', [1], 0, 4), b: tensor('F32', [1], 0, 4) }, four),
    ],
    ['a gap', () => file({ a: tensor('F16', [1], 2, 4) }, four)],
    ['bytes that belong to nothing', () => file({ a: tensor('F16', [1], 0, 2) }, four)],
    ['an unknown type', () => file({ a: tensor('F33', [1], 0, 4) }, four)],
    ['metadata that is no text', () => file({ __metadata__: { a: 1 } })],
  ])('refuses %s', (_what, make) => {
    const path = make();
    const error = refusal(() => new SafetensorsFile(path));
    expect(error.code).toBe('INVALID_MODEL');
    expect(error.message).toContain(path);
  });

  it('refuses what is no file, and says when there is none', () => {
    const folder = temporaryFolder();
    expect(refusal(() => new SafetensorsFile(folder)).code).toBe('INVALID_MODEL');
    expect(refusal(() => new SafetensorsFile(join(folder, 'none'))).code).toBe('NOT_FOUND');
  });

  it('takes names that mean something to JavaScript as names', () => {
    const header = `{"__proto__":${JSON.stringify(tensor('F32', [1], 0, 4))},"constructor":${JSON.stringify(tensor('F32', [1], 4, 8))}}`;
    const model = new SafetensorsFile(file(header, new Uint8Array(new Float32Array([5, 6]).buffer)));
    expect(model.tensors.map(({ name }) => name)).toEqual(['__proto__', 'constructor']);
    expect(floats(model.read('__proto__', 0, 1))).toEqual([5]);
    expect(floats(model.read('constructor', 0, 1))).toEqual([6]);
    model.close();
  });
});
