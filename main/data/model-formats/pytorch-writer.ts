// Writes a state dict as torch.save does: a zip archive of stored entries, read by torch.load(..., weights_only=True).
import { crc32 } from 'node:zlib';
import { AppError } from '../../api/errors.ts';
import type { TensorInfo } from '../../api/net-description.ts';
import { bytesPerValue, type TensorSource, tensorBytes, valueCount } from '../tensor-source.ts';
import { descriptionEntry } from './pytorch-file.ts';
import { writeInPieces } from './write-file.ts';

export interface PytorchOptions {
  /** Kept in an entry of its own, which torch.load passes over. */
  metadata?: Readonly<Record<string, string>>;
  /** [name in the file, name in the source], in order. */
  names: readonly (readonly [string, string])[];
}

/** Storages begin on a boundary of this, so that they can be mapped into memory. */
const alignment = 64;
const root = 'archive';
/** Beyond it a zip archive needs wider fields, which no AlexNet comes near. */
const mostBytes = 2 ** 32 - 1;

function pickledText(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  const head = Buffer.alloc(5);
  head.write('X', 'latin1');
  head.writeUInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function pickledInteger(value: number): Buffer {
  if (value > 0x7fffffff) {
    const bytes = Buffer.alloc(10);
    bytes[0] = 0x8a; // LONG1 of eight bytes
    bytes[1] = 8;
    bytes.writeBigInt64LE(BigInt(value), 2);
    return bytes;
  }
  const bytes = Buffer.alloc(5);
  bytes.write('J', 'latin1'); // BININT
  bytes.writeInt32LE(value, 1);
  return bytes;
}

function pickledTuple(values: readonly number[]): Buffer {
  return Buffer.concat([Buffer.from('('), ...values.map(pickledInteger), Buffer.from('t')]);
}

function pickledTensor(shape: readonly number[], key: string): Buffer {
  const strides = shape.map((_, axis) => valueCount(shape.slice(axis + 1)));
  return Buffer.concat([
    Buffer.from('ctorch._utils\n_rebuild_tensor_v2\n(('),
    pickledText('storage'),
    Buffer.from('ctorch\nFloatStorage\n'),
    pickledText(key),
    pickledText('cpu'),
    pickledInteger(valueCount(shape)),
    Buffer.from('tQ'), // the storage is referred to
    pickledInteger(0),
    pickledTuple(shape),
    pickledTuple(strides),
    Buffer.from('\x89ccollections\nOrderedDict\n)RtR', 'latin1'), // no gradient, no hooks; rebuild
  ]);
}

/** The program that makes an OrderedDict of the tensors; see pickle-reader.ts. */
function pickledStateDict(tensors: readonly TensorInfo[]): Buffer {
  return Buffer.concat([
    Buffer.from('\x80\x02ccollections\nOrderedDict\n)R(', 'latin1'),
    ...tensors.flatMap(({ name, shape }, i) => [pickledText(name), pickledTensor(shape, String(i))]),
    Buffer.from('u.'),
  ]);
}

interface Entry {
  name: string;
  sizeBytes: number;
  bytes: () => Iterable<Uint8Array>;
}

function small(name: string, bytes: Buffer): Entry {
  return { name, sizeBytes: bytes.length, bytes: () => [bytes] };
}

/** What the local and the central header of an entry have in common. */
function commonHeader({ name, sizeBytes }: Entry, checksum: number): Buffer {
  const header = Buffer.alloc(26);
  header.writeUInt16LE(20, 0); // version 2.0
  header.writeUInt16LE(1 << 11, 2); // names are UTF-8
  header.writeUInt16LE(0x21, 8); // 1980-01-01
  header.writeUInt32LE(checksum, 10);
  header.writeUInt32LE(sizeBytes, 14);
  header.writeUInt32LE(sizeBytes, 18);
  header.writeUInt16LE(Buffer.byteLength(name), 22);
  return header;
}

/** An extra field that fills up to the boundary, as torch.save has it. */
function padding(position: number): Buffer {
  const missing = (alignment - ((position + 4) % alignment)) % alignment;
  const extra = Buffer.alloc(4 + missing, 'Z');
  extra.write('FB', 'latin1');
  extra.writeUInt16LE(missing, 2);
  return extra;
}

function* archive(entries: readonly Entry[]): Generator<Uint8Array> {
  const central: Buffer[] = [];
  let position = 0;
  for (const entry of entries) {
    let checksum = 0;
    for (const piece of entry.bytes()) checksum = crc32(piece, checksum);
    const name = Buffer.from(entry.name);
    const common = commonHeader(entry, checksum);
    const extra = padding(position + 30 + name.length);
    common.writeUInt16LE(extra.length, 24);
    yield Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, name, extra]);
    yield* entry.bytes();
    const listed = commonHeader(entry, checksum);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(position, 10);
    central.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), listed, tail, name]));
    position += 30 + name.length + extra.length + entry.sizeBytes;
    if (position > mostBytes)
      throw new AppError('INVALID_ARGUMENT', 'the net is too large for a PyTorch file');
  }
  const table = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(table.length, 12);
  end.writeUInt32LE(position, 16);
  yield table;
  yield end;
}

/** Returns the file's size. Rejects with NOT_FOUND for a name that is not there, DISK_FULL, IO. */
export async function writePytorch(
  path: string,
  source: TensorSource,
  { metadata = {}, names }: PytorchOptions,
): Promise<number> {
  const shapes = new Map(source.tensors.map(({ name, shape }) => [name, shape]));
  const tensors = names.map(([name, inSource]) => {
    const shape = shapes.get(inSource);
    if (shape === undefined) throw new AppError('NOT_FOUND', `there is no tensor ${inSource} to write`);
    return { name, inSource, shape };
  });
  const entries: Entry[] = [
    small(`${root}/data.pkl`, pickledStateDict(tensors)),
    small(`${root}/byteorder`, Buffer.from('little')),
    ...tensors.map(({ inSource, shape }, i) => ({
      name: `${root}/data/${i}`,
      sizeBytes: valueCount(shape) * bytesPerValue,
      bytes: () => tensorBytes(source, inSource, shape),
    })),
    small(`${root}/version`, Buffer.from('3\n')),
    ...(Object.keys(metadata).length === 0
      ? []
      : [small(`${root}/${descriptionEntry}`, Buffer.from(JSON.stringify(metadata)))]),
  ];
  return await writeInPieces(path, archive(entries));
}
