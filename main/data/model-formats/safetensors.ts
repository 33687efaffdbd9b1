// Reading safetensors files. They come from anywhere: every number in the header is checked against the file
// before it is used, and values are read by position, never the whole file.
import { endianness } from 'node:os';
import { AppError } from '../../api/errors.ts';
import { textMapSchema } from '../../api/json.ts';
import { safetensorsEntrySchema } from '../../api/models.ts';
import type { TensorInfo } from '../../api/net-description.ts';
import { type TensorSource, valueCount } from '../tensor-source.ts';
import { type ByteSource, FileBytes, invalidModel } from './byte-source.ts';
import { type ModelFile, modelFile } from './model-file.ts';
import { dtypeBytes, RecordedTensors, type TensorRecord } from './tensor-records.ts';

/** As the format's own library: a longer header is no header of tensors. */
const maxHeaderBytes = 100_000_000;
const lengthBytes = 8;

export interface SafetensorsEntry extends TensorInfo {
  dtype: string;
  /** Bytes [begin, end) after the header. */
  begin: number;
  end: number;
}

function invalid(path: string, why: string): AppError {
  return invalidModel(path, 'a safetensors file', why);
}

function readHeader(source: ByteSource): { header: unknown; dataStart: number } {
  const { path, size } = source;
  if (size < lengthBytes) throw invalid(path, 'it is shorter than its header');
  const length = Number(source.read(0, lengthBytes).readBigUInt64LE());
  if (length > maxHeaderBytes || lengthBytes + length > size) {
    throw invalid(path, `its header claims ${length} bytes`);
  }
  const text = new TextDecoder('utf-8', { fatal: true });
  try {
    const header: unknown = JSON.parse(text.decode(source.read(lengthBytes, length)));
    return { header, dataStart: lengthBytes + length };
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw invalid(path, `its header is no JSON (${error instanceof Error ? error.message : String(error)})`);
  }
}

function readEntries(path: string, header: unknown, dataBytes: number): SafetensorsEntry[] {
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw invalid(path, 'its header is no object');
  }
  const entries: SafetensorsEntry[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const shown = JSON.stringify(name.slice(0, 100));
    const parsed = safetensorsEntrySchema.safeParse(value);
    if (!parsed.success) throw invalid(path, `the entry of ${shown} is malformed`);
    const { dtype, shape, data_offsets } = parsed.data;
    const [begin, end] = data_offsets;
    const size = dtypeBytes.get(dtype);
    if (size === undefined)
      throw invalid(path, `${shown} has the unknown type ${JSON.stringify(dtype.slice(0, 20))}`);
    if (begin > end || end > dataBytes) throw invalid(path, `${shown} lies outside of the file`);
    // A product beyond 2^53 is inexact, but never by chance equal to the bytes that are there.
    if (valueCount(shape) * size !== end - begin) {
      throw invalid(
        path,
        `${shown} has ${end - begin} bytes, which its shape [${shape.slice(0, 8)}] does not make`,
      );
    }
    entries.push({ name, shape, dtype, begin, end });
  }
  checkCover(path, entries, dataBytes);
  return entries;
}

/** The format has neither overlaps nor gaps. */
function checkCover(path: string, entries: readonly SafetensorsEntry[], dataBytes: number): void {
  let covered = 0;
  for (const entry of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    const shown = JSON.stringify(entry.name.slice(0, 100));
    if (entry.begin < covered) throw invalid(path, `${shown} overlaps another tensor`);
    if (entry.begin > covered)
      throw invalid(path, `${entry.begin - covered} bytes before ${shown} belong to no tensor`);
    covered = entry.end;
  }
  if (covered !== dataBytes)
    throw invalid(path, `${dataBytes - covered} bytes at its end belong to no tensor`);
}

interface Parsed {
  entries: SafetensorsEntry[];
  metadata: Readonly<Record<string, string>>;
  records: TensorRecord[];
}

function parse(source: ByteSource): Parsed {
  // Values are decoded in the machine's own order; every machine this runs on has the file's.
  if (endianness() !== 'LE') throw new AppError('INTERNAL', 'safetensors needs a little-endian machine');
  const { header, dataStart } = readHeader(source);
  const entries = readEntries(source.path, header, source.size - dataStart);
  const metadata = textMapSchema.safeParse(Reflect.get(Object(header), '__metadata__') ?? {});
  if (!metadata.success) throw invalid(source.path, 'its metadata is no map from text to text');
  const records = entries.map(({ name, shape, dtype, begin, end }) => {
    return { name, shape, dtype, source, position: dataStart + begin, sizeBytes: end - begin, offset: 0 };
  });
  return { entries, metadata: metadata.data, records };
}

/** Throws INVALID_MODEL. */
export function readSafetensors(source: ByteSource): ModelFile {
  const { metadata, records } = parse(source);
  return modelFile(source, { format: 'safetensors', title: '', records, metadata });
}

/** An open file. F32, F16, BF16 and F64 are read as fp32; tensors of other types are listed only. */
export class SafetensorsFile implements TensorSource {
  readonly path: string;
  readonly entries: readonly SafetensorsEntry[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: readonly TensorInfo[];
  readonly #source: ByteSource;
  readonly #values: TensorSource;

  /** Throws NOT_FOUND, IO, INVALID_MODEL. */
  constructor(path: string) {
    this.path = path;
    this.#source = new FileBytes(path);
    try {
      const { entries, metadata, records } = parse(this.#source);
      this.entries = entries;
      this.metadata = metadata;
      this.#values = new RecordedTensors(path, records);
      this.tensors = this.#values.tensors;
    } catch (error) {
      this.#source.close();
      throw error;
    }
  }

  /** Throws NOT_FOUND, INVALID_MODEL for a type that is no float, IO. */
  read(name: string, offset: number, count: number): Uint8Array {
    return this.#values.read(name, offset, count);
  }

  close(): void {
    this.#source.close();
  }
}
