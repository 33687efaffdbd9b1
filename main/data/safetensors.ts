// Reading safetensors files. They come from anywhere: every number in the header is checked against the file
// before it is used, and values are read by position, never the whole file.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { endianness } from 'node:os';
import { AppError } from '../api/errors.ts';
import { textMapSchema } from '../api/json.ts';
import { safetensorsEntrySchema } from '../api/models.ts';
import type { TensorInfo } from '../api/net-description.ts';
import { fromFileSystem } from './data-directory.ts';
import { type Decoder, decoders } from './float-formats.ts';
import { type TensorSource, valueCount } from './tensor-source.ts';

/** As the format's own library: a longer header is no header of tensors. */
const maxHeaderBytes = 100_000_000;
const lengthBytes = 8;

/** Bytes a value of every type the format knows, so that types that cannot be used are still checked. */
const dtypeBytes: ReadonlyMap<string, number> = new Map([
  ['BOOL', 1],
  ['U8', 1],
  ['I8', 1],
  ['F8_E5M2', 1],
  ['F8_E4M3', 1],
  ['I16', 2],
  ['U16', 2],
  ['F16', 2],
  ['BF16', 2],
  ['I32', 4],
  ['U32', 4],
  ['F32', 4],
  ['F64', 8],
  ['I64', 8],
  ['U64', 8],
]);

export interface SafetensorsEntry extends TensorInfo {
  dtype: string;
  /** Bytes [begin, end) after the header. */
  begin: number;
  end: number;
}

function invalid(path: string, why: string): AppError {
  return new AppError('INVALID_MODEL', `${path} is no usable safetensors file: ${why}`, { path });
}

function readExactly(fd: number, path: string, position: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(length);
  let done = 0;
  while (done < length) {
    const read = readSync(fd, bytes, done, length - done, position + done);
    if (read === 0) throw invalid(path, 'it ends too early');
    done += read;
  }
  return bytes;
}

function readHeader(fd: number, path: string, fileBytes: number): { header: unknown; dataStart: number } {
  if (fileBytes < lengthBytes) throw invalid(path, 'it is shorter than its header');
  const length = Number(readExactly(fd, path, 0, lengthBytes).readBigUInt64LE());
  if (length > maxHeaderBytes || lengthBytes + length > fileBytes) {
    throw invalid(path, `its header claims ${length} bytes`);
  }
  const text = new TextDecoder('utf-8', { fatal: true });
  try {
    const header: unknown = JSON.parse(text.decode(readExactly(fd, path, lengthBytes, length)));
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

/** An open file. F32, F16, BF16 and F64 are read as fp32; tensors of other types are listed only. */
export class SafetensorsFile implements TensorSource {
  readonly path: string;
  readonly entries: readonly SafetensorsEntry[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly #byName: ReadonlyMap<string, SafetensorsEntry>;
  readonly #dataStart: number;
  #fd: number | undefined;

  /** Throws NOT_FOUND, IO, INVALID_MODEL. */
  constructor(path: string) {
    // Values are decoded in the machine's own order; every machine this runs on has the file's.
    if (endianness() !== 'LE') throw new AppError('INTERNAL', 'safetensors needs a little-endian machine');
    this.path = path;
    try {
      this.#fd = openSync(path, 'r');
    } catch (error) {
      throw fromFileSystem(error, path, 'reading');
    }
    try {
      const stat = fstatSync(this.#fd);
      if (!stat.isFile())
        throw invalid(path, stat.isDirectory() ? 'it is a folder' : 'it is no ordinary file');
      const { header, dataStart } = readHeader(this.#fd, path, stat.size);
      this.#dataStart = dataStart;
      this.entries = readEntries(path, header, stat.size - dataStart);
      this.#byName = new Map(this.entries.map((entry) => [entry.name, entry]));
      const metadata = textMapSchema.safeParse(Reflect.get(Object(header), '__metadata__') ?? {});
      if (!metadata.success) throw invalid(path, 'its metadata is no map from text to text');
      this.metadata = metadata.data;
    } catch (error) {
      this.close();
      throw error instanceof AppError ? error : fromFileSystem(error, path, 'reading');
    }
  }

  get tensors(): TensorInfo[] {
    return this.entries.map(({ name, shape }) => ({ name, shape }));
  }

  /** Throws NOT_FOUND, INVALID_MODEL for a type that is no float, IO. */
  read(name: string, offset: number, count: number): Uint8Array {
    const entry = this.#byName.get(name);
    if (entry === undefined)
      throw new AppError('NOT_FOUND', `${this.path} has no tensor ${name}`, { tensor: name });
    const decoder: Decoder | undefined = decoders.get(entry.dtype);
    if (decoder === undefined) {
      throw new AppError(
        'INVALID_MODEL',
        `${this.path}: ${name} holds ${entry.dtype}, no floating-point numbers`,
      );
    }
    if (offset < 0 || count < 0 || offset + count > valueCount(entry.shape)) {
      throw new AppError('INVALID_ARGUMENT', `tensor ${name} has no values ${offset}..${offset + count}`);
    }
    if (this.#fd === undefined) throw new AppError('INVALID_ARGUMENT', `${this.path} is closed`);
    const position = this.#dataStart + entry.begin + offset * decoder.bytes;
    try {
      return decoder.decode(readExactly(this.#fd, this.path, position, count * decoder.bytes));
    } catch (error) {
      throw error instanceof AppError ? error : fromFileSystem(error, this.path, 'reading');
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}
