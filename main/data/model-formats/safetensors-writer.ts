// Writing safetensors files, in pieces, under another name until they are whole.
import { AppError } from '../../api/errors.ts';
import type { TensorInfo } from '../../api/net-description.ts';
import { bytesPerValue, type TensorSource, tensorBytes, valueCount } from '../tensor-source.ts';
import { writeInPieces } from './write-file.ts';

export interface SafetensorsOptions {
  /** Text to text, kept in the header. */
  metadata?: Readonly<Record<string, string>>;
  /** Which tensors, and in which order; all by default. */
  names?: readonly string[];
}

function encodeHeader(
  tensors: readonly { name: string; shape: readonly number[] }[],
  metadata: Readonly<Record<string, string>>,
): Buffer {
  const entries: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) entries.push(['__metadata__', metadata]);
  let position = 0;
  for (const { name, shape } of tensors) {
    const end = position + valueCount(shape) * bytesPerValue;
    entries.push([name, { dtype: 'F32', shape, data_offsets: [position, end] }]);
    position = end;
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)), 'utf8');
  // Padded with blanks, so that the values begin on a boundary of 8 bytes.
  const length = Math.ceil(json.length / 8) * 8;
  const header = Buffer.alloc(8 + length, 0x20);
  header.writeBigUInt64LE(BigInt(length));
  json.copy(header, 8);
  return header;
}

/** Writes fp32 tensors to `path`; returns the file's size. Rejects with DISK_FULL, IO; then `path` is as it was. */
export async function writeSafetensors(
  path: string,
  source: TensorSource,
  { metadata = {}, names }: SafetensorsOptions = {},
): Promise<number> {
  const byName = new Map(source.tensors.map((tensor) => [tensor.name, tensor]));
  const tensors = (names ?? [...byName.keys()]).map((name) => {
    const tensor = byName.get(name);
    if (tensor === undefined)
      throw new AppError('NOT_FOUND', `there is no tensor ${name} to write`, { tensor: name });
    return tensor;
  });
  return await writeInPieces(path, fileParts(tensors, source, metadata));
}

function* fileParts(
  tensors: readonly TensorInfo[],
  source: TensorSource,
  metadata: Readonly<Record<string, string>>,
): Generator<Uint8Array> {
  yield encodeHeader(tensors, metadata);
  for (const { name, shape } of tensors) yield* tensorBytes(source, name, shape);
}
