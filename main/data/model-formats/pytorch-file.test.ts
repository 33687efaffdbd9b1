// State dicts that torch.save wrote (corpus/), and such files with every kind of damage.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { valueCount } from '../tensor-source.ts';
import { refusal } from '../test-errors.ts';
import { MemoryBytes } from './byte-source.ts';
import type { ModelFile } from './model-file.ts';
import { readModel } from './open-model-file.ts';
import { RecordedTensors } from './tensor-records.ts';
import { corpusFolder } from './testing/corpus.ts';

const seed = (name: string) => readFileSync(join(corpusFolder, `seed-${name}.bin`));
const open = (bytes: Uint8Array) => readModel(new MemoryBytes(bytes, 'file'));
const refused = (bytes: Uint8Array) => refusal(() => open(bytes)).message;

function values(model: ModelFile, name: string): number[] {
  const shape = model.tensors.find((tensor) => tensor.name === name)?.shape ?? [];
  const bytes = new RecordedTensors(model.path, model.records).read(name, 0, valueCount(shape));
  return [...new Float32Array(Uint8Array.from(bytes).buffer)];
}

interface Entry {
  name: string;
  bytes: Buffer;
  method?: number;
  sizeBytes?: number;
  flags?: number;
}

/** A zip archive, entry by entry as it is told. */
function zip(entries: readonly Entry[], sharedStart = false): Buffer {
  const parts: Buffer[] = [];
  const central: Buffer[] = [];
  let position = 0;
  for (const { name, bytes, method = 0, sizeBytes = bytes.length, flags = 0 } of entries) {
    const common = Buffer.alloc(26);
    common.writeUInt16LE(flags, 2);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(bytes.length, 14);
    common.writeUInt32LE(sizeBytes, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), bytes]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(sharedStart ? 0 : position, 10);
    central.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), common, tail, Buffer.from(name)]));
    parts.push(local);
    position += local.length;
  }
  const table = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(table.length, 12);
  end.writeUInt32LE(position, 16);
  return Buffer.concat([...parts, table, end]);
}

const text = (value: string) => `X${String.fromCharCode(value.length)}\0\0\0${value}`;

interface Tensor {
  name?: string;
  shape?: number[];
  strides?: number[];
  offset?: number;
  claimed?: number;
  storage?: string;
}

const tuple = (numbers: readonly number[]) =>
  `(${numbers
    .map((number) => {
      const bytes = Buffer.alloc(5, 'J');
      bytes.writeInt32LE(number, 1);
      return bytes.toString('latin1');
    })
    .join('')}t`;

/** A state dict's pickle. */
function pickle(tensors: readonly Tensor[]): Buffer {
  const items = tensors.map(
    ({ name = 'w', shape = [4], strides = [1], offset = 0, claimed = 4, storage = '0' }) => {
      const id = `(${text('storage')}ctorch\nFloatStorage\n${text(storage)}${text('cpu')}${tuple([claimed]).slice(1, -1)}tQ`;
      const numbers = tuple([offset]).slice(1, -1);
      return `${text(name)}ctorch._utils\n_rebuild_tensor_v2\n(${id}${numbers}${tuple(shape)}${tuple(strides)}\x89)tR`;
    },
  );
  return Buffer.from(`\x80\x02}(${items.join('')}u.`, 'latin1');
}

function archive(tensors: readonly Tensor[], storage = Buffer.alloc(16)): Buffer {
  return zip([
    { name: 'a/data.pkl', bytes: pickle(tensors) },
    { name: 'a/data/0', bytes: storage },
  ]);
}

describe('what torch.save wrote', () => {
  it('has the same tensors in both formats, wrapped or not, whatever the type and the strides', () => {
    const plain = open(seed('torch-zip'));
    expect(plain.format).toBe('pytorch');
    expect(plain.tensors.map(({ name }) => name)).toEqual(
      ['features.0', 'features.3', 'classifier.1'].flatMap((module) => [
        `${module}.weight`,
        `${module}.bias`,
      ]),
    );
    const legacy = open(seed('torch-legacy'));
    expect(legacy.format).toBe('pytorch-legacy');
    for (const { name, shape } of plain.tensors) {
      const wanted = values(plain, name);
      expect(wanted.some((value) => value !== 0)).toBe(true);
      expect(values(legacy, name)).toEqual(wanted);
      for (const wrapped of ['torch-wrapped', 'torch-wrapped-legacy']) {
        values(open(seed(wrapped)), name).forEach((value, i) => {
          expect(value).toBeCloseTo(wanted[i] ?? 0, 3); // halves
        });
      }
      // Channels last, and transposed doubles.
      const turned = open(seed('torch-strides'));
      const [rows = 1, columns = 1] = shape;
      const found = values(turned, name);
      const transposed = wanted.map((_, i) => wanted[(i % rows) * columns + Math.floor(i / rows)]);
      expect(found).toEqual(shape.length === 2 ? transposed : wanted);
    }
  });

  it('is read with its own offsets and strides', () => {
    const storage = Buffer.from(new Float32Array([0, 1, 2, 3, 4, 5, 6, 7]).buffer);
    const model = open(
      archive(
        [
          { name: 'turned', shape: [2, 3], strides: [1, 2], offset: 1, claimed: 8 },
          { name: 'same', shape: [3], strides: [0], offset: 7, claimed: 8 },
          { name: 'every', shape: [2, 2], strides: [4, 2], claimed: 8 },
        ],
        storage,
      ),
    );
    expect(values(model, 'turned')).toEqual([1, 3, 5, 2, 4, 6]);
    expect(values(model, 'same')).toEqual([7, 7, 7]);
    expect(values(model, 'every')).toEqual([0, 2, 4, 6]);
  });
});

describe('hostile PyTorch files', () => {
  it('that call a function are refused, and nothing is called', () => {
    const evil = zip([
      { name: 'a/data.pkl', bytes: Buffer.from('cos\nsystem\n(X\x06\0\0\0reboottR.', 'latin1') },
    ]);
    expect(refused(evil)).toContain(
      '"os.system", which no plain set of weights needs; nothing of it was run',
    );
    const legacy = Buffer.concat([
      seed('torch-legacy').subarray(0, 15),
      Buffer.from('M\xe9\x03.}.cposix\nsystem\n(X\x01\0\0\0xtR.', 'latin1'),
    ]);
    expect(refused(legacy)).toContain('"posix.system"');
  });

  it('whose tensors reach beyond their storage are refused', () => {
    expect(refused(archive([{ shape: [5], claimed: 4 }]))).toContain(
      'needs values up to 4, but its storage has 4',
    );
    expect(refused(archive([{ claimed: 1000 }]))).toContain('claims 4000 bytes, but has 16');
    expect(refused(archive([{ offset: 1 }]))).toContain('needs values up to 4');
    expect(refused(archive([{ offset: -1 }]))).toContain('begins at -1');
    expect(refused(archive([{ shape: [2], strides: [-1] }]))).toContain('needs values');
    expect(refused(archive([{ shape: [2], strides: [0x7fffffff] }]))).toContain('needs values');
    expect(refused(archive([{ shape: [-4] }]))).toContain('has the shape [-4]');
    expect(refused(archive([{ shape: [2, 2], strides: [1] }]))).toContain('1 strides for 2 dimensions');
    expect(refused(archive([{ shape: [65536, 65536], strides: [0, 0] }]))).toContain('more than');
    expect(refused(archive([{ claimed: -4 }]))).toContain('has -4 values');
    expect(refused(archive([{ storage: '1' }]))).toContain('storage "1" is missing');
    expect(refused(archive([{ storage: '../x' }]))).toContain('a storage has the name');
    expect(refused(archive([{}, {}]))).toContain('"w" twice');
  });

  it('that are bombs, encrypted, or lead elsewhere are refused', () => {
    const bomb = deflateRawSync(Buffer.alloc(50_000_000));
    const packed = { name: 'a/data.pkl', bytes: bomb, method: 8, sizeBytes: 50_000_000 };
    expect(refused(zip([packed]))).toContain(
      'is compressed, which torch.save never does; nothing was unpacked',
    );
    const grown = { name: 'a/data.pkl', bytes: Buffer.alloc(10), sizeBytes: 4_000_000_000 };
    expect(refused(zip([grown]))).toContain('is compressed');
    const one = { name: 'a/data.pkl', bytes: pickle([{}]) };
    expect(refused(zip([{ ...one, flags: 1 }]))).toContain('is encrypted');
    for (const name of ['../data.pkl', '/etc/passwd', 'a\\b', 'C:x', 'a/../../b']) {
      expect(refused(zip([one, { name, bytes: Buffer.alloc(1) }]))).toContain('has an entry of the name');
    }
    expect(refused(zip([one, one]))).toContain('has two entries of the name "a/data.pkl"');
    expect(refused(zip([one, { ...one, name: 'b/data.pkl' }]))).toContain('not one of torch.save');
    expect(refused(zip([one, { name: 'a/dat_.pkl', bytes: pickle([{}]) }], true))).toContain(
      'overlaps another entry',
    );
    expect(refused(zip([{ name: 'x.txt', bytes: Buffer.alloc(1) }]))).toContain('it has no data.pkl');
    expect(refused(zip([one, { name: 'a/constants.pkl', bytes: Buffer.alloc(1) }]))).toContain('TorchScript');
    const big = [
      one,
      { name: 'a/data/0', bytes: Buffer.alloc(16) },
      { name: 'a/byteorder', bytes: Buffer.from('big') },
    ];
    expect(refused(zip(big))).toContain('big-endian');
  });

  it('that were cut off anywhere are refused', () => {
    for (const name of ['torch-zip', 'torch-legacy']) {
      const whole = seed(name);
      for (let length = 0; length < whole.length; length += 37) {
        expect(refusal(() => open(whole.subarray(0, length))).code).toBe('INVALID_MODEL');
      }
    }
  });

  it('that hold no tensors are told from those that do', () => {
    expect(refused(zip([{ name: 'a/data.pkl', bytes: Buffer.from('}.') }]))).toContain(
      'holds no dict of tensors',
    );
    expect(refused(Buffer.from('\x80\x02}.', 'latin1'))).toContain(
      'pickle of Python, but not one of torch.save',
    );
  });
});
