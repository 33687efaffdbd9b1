// Tensors as model files keep them: values of some type in a range of bytes, seen through an offset and strides.
// Each format's reader makes records; what they say is checked here once, and values are read by range.
import { AppError } from '../../api/errors.ts';
import type { TensorInfo } from '../../api/net-description.ts';
import { decoders } from '../float-formats.ts';
import { bytesPerValue, type TensorSource, valueCount } from '../tensor-source.ts';
import { type ByteSource, invalidModel, quoted } from './byte-source.ts';

export interface TensorRecord extends TensorInfo {
  /** By safetensors' names of types. */
  dtype: string;
  /** Where its storage lies. */
  source: ByteSource;
  position: number;
  /** Of the storage. */
  sizeBytes: number;
  /** The first value's place in the storage, in values. */
  offset: number;
  /** Values from one index to the next in each dimension; not given: row-major without gaps. */
  strides?: readonly number[];
}

/** Bytes a value of every type that the formats know, so that types that cannot be used are still checked. */
export const dtypeBytes: ReadonlyMap<string, number> = new Map([
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

const mostDimensions = 8;
/** A net of 2^31 values would need 24 GB to train. */
const mostValues = 2 ** 31;
/** A tensor that is not row-major is put in order in memory: 512 MB at most. */
const mostGathered = 2 ** 27;
/** Values of the storage that are looked at together. */
const windowValues = 1 << 20;

function defaultStrides(shape: readonly number[]): number[] {
  const strides: number[] = [];
  let step = 1;
  for (const extent of [...shape].reverse()) {
    strides.unshift(step);
    step *= extent;
  }
  return strides;
}

/** Throws INVALID_MODEL unless every value that the record speaks of is in its file. `what`: the format. */
export function checkRecord(record: TensorRecord, what: string): void {
  const { name, shape, dtype, source, position, sizeBytes, offset, strides } = record;
  const refuse = (why: string) => invalidModel(source.path, what, `tensor ${quoted(name)} ${why}`);
  if (shape.length > mostDimensions) throw refuse(`has ${shape.length} dimensions`);
  if (shape.some((extent) => !Number.isSafeInteger(extent) || extent < 0)) {
    throw refuse(`has the shape [${shape.slice(0, mostDimensions)}]`);
  }
  const size = dtypeBytes.get(dtype);
  if (size === undefined) throw refuse(`has the unknown type ${quoted(dtype)}`);
  // Extents are multiplied one after the other: the product never leaves what a double holds exactly.
  let values = 1;
  for (const extent of shape.some((one) => one === 0) ? [0] : shape) {
    values *= extent;
    if (values > mostValues) throw refuse(`has more than ${mostValues} values: [${shape}]`);
  }
  const inFile = position >= 0 && sizeBytes >= 0 && position + sizeBytes <= source.size;
  if (!inFile || !Number.isSafeInteger(position + sizeBytes)) throw refuse('lies outside of the file');
  if (!Number.isSafeInteger(offset) || offset < 0) throw refuse(`begins at ${offset}`);
  if (strides !== undefined && strides.length !== shape.length) {
    throw refuse(`has ${strides.length} strides for ${shape.length} dimensions`);
  }
  if (values === 0) return;
  let first = offset;
  let last = offset;
  shape.forEach((extent, i) => {
    const stride = (strides ?? [])[i] ?? 0;
    if (!Number.isSafeInteger(stride)) throw refuse(`has the stride ${stride}`);
    const reach = (extent - 1) * stride;
    if (reach < 0) first += reach;
    else last += reach;
  });
  if (strides === undefined) last = offset + values - 1;
  if (first < 0 || !Number.isSafeInteger(last) || last >= Math.floor(sizeBytes / size)) {
    throw refuse(
      `of the shape [${shape}] needs values up to ${last}, but its storage has ${Math.floor(sizeBytes / size)}`,
    );
  }
}

function isRowMajor({ shape, strides }: TensorRecord): boolean {
  if (strides === undefined) return true;
  const wanted = defaultStrides(shape);
  return shape.every((extent, i) => extent === 1 || strides[i] === wanted[i]);
}

/** The same values seen otherwise: dimensions in the order of `axes`. */
export function permuted(record: TensorRecord, axes: readonly number[]): TensorRecord {
  const strides = record.strides ?? defaultStrides(record.shape);
  return {
    ...record,
    shape: axes.map((axis) => record.shape[axis] ?? 1),
    strides: axes.map((axis) => strides[axis] ?? 0),
  };
}

/** The same values with one dimension backwards: BGR as RGB. */
export function reversed(record: TensorRecord, axis: number): TensorRecord {
  const strides = [...(record.strides ?? defaultStrides(record.shape))];
  const stride = strides[axis] ?? 0;
  const extent = record.shape[axis] ?? 1;
  strides[axis] = -stride;
  return { ...record, offset: record.offset + Math.max(0, extent - 1) * stride, strides };
}

/** The same values as another shape of as many. Throws INVALID_ARGUMENT where they are not in order. */
export function reshaped(record: TensorRecord, shape: readonly number[]): TensorRecord {
  if (!isRowMajor(record) || valueCount(shape) !== valueCount(record.shape)) {
    throw new AppError('INVALID_ARGUMENT', `tensor ${record.name} is not row-major`);
  }
  const { strides: _strides, ...rest } = record;
  return { ...rest, shape: [...shape] };
}

/** Reads records as fp32, whatever their type and order. */
export class RecordedTensors implements TensorSource {
  readonly tensors: readonly TensorInfo[];
  readonly #path: string;
  readonly #records: ReadonlyMap<string, TensorRecord>;
  /** The last tensor that had to be put in order. */
  #gathered: { name: string; values: Float32Array } | undefined;

  /** `records` went through checkRecord(). */
  constructor(path: string, records: readonly TensorRecord[]) {
    this.#path = path;
    this.tensors = records.map(({ name, shape }) => ({ name, shape }));
    this.#records = new Map(records.map((record) => [record.name, record]));
  }

  /** Throws NOT_FOUND, INVALID_MODEL for a type that is no float, INVALID_ARGUMENT, IO. */
  read(name: string, offset: number, count: number): Uint8Array {
    const record = this.#records.get(name);
    if (record === undefined) {
      throw new AppError('NOT_FOUND', `${this.#path} has no tensor ${name}`, { tensor: name });
    }
    if (offset < 0 || count < 0 || offset + count > valueCount(record.shape)) {
      throw new AppError('INVALID_ARGUMENT', `tensor ${name} has no values ${offset}..${offset + count}`);
    }
    if (isRowMajor(record)) return decodeRange(record, record.offset + offset, count);
    const values = this.#inOrder(record);
    return new Uint8Array(values.buffer, values.byteOffset + offset * bytesPerValue, count * bytesPerValue);
  }

  #inOrder(record: TensorRecord): Float32Array {
    if (this.#gathered?.name === record.name) return this.#gathered.values;
    this.#gathered = undefined;
    const values = gather(record);
    this.#gathered = { name: record.name, values };
    return values;
  }
}

/** fp32 bytes of `count` values of the storage from value `from` on. */
function decodeRange(
  { name, dtype, source, position }: TensorRecord,
  from: number,
  count: number,
): Uint8Array {
  const decoder = decoders.get(dtype);
  if (decoder === undefined) {
    throw new AppError('INVALID_MODEL', `${source.path}: ${name} holds ${dtype}, no floating-point numbers`);
  }
  const bytes = source.read(position + from * decoder.bytes, count * decoder.bytes);
  // Typed arrays begin on a boundary of their type; a copy does.
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : Uint8Array.from(bytes);
  return decoder.decode(aligned);
}

/** All values in row-major order. The storage is walked from front to back as far as its strides allow. */
function gather(record: TensorRecord): Float32Array {
  const { name, shape, source, sizeBytes, dtype } = record;
  const count = valueCount(shape);
  if (count > mostGathered) {
    throw new AppError(
      'INVALID_MODEL',
      `${source.path}: ${name} is not stored in order and too large to be put in order ([${shape}]); save it with .contiguous()`,
    );
  }
  const stored = Math.floor(sizeBytes / (dtypeBytes.get(dtype) ?? 1));
  const strides = record.strides ?? defaultStrides(shape);
  const places = defaultStrides(shape);
  const axes = shape
    .map((_, axis) => axis)
    .sort((a, b) => Math.abs(strides[b] ?? 0) - Math.abs(strides[a] ?? 0));
  const out = new Float32Array(count);
  let window = new Float32Array(0);
  let windowStart = 0;
  const at = (index: number): number => {
    if (index < windowStart || index >= windowStart + window.length) {
      // Backwards strides read towards the front.
      windowStart = Math.max(0, Math.min(index, index < windowStart ? index - windowValues / 2 : index));
      const bytes = decodeRange(record, windowStart, Math.min(windowValues, stored - windowStart));
      window = new Float32Array(Uint8Array.from(bytes).buffer);
    }
    return window[index - windowStart] ?? 0;
  };
  const walk = (depth: number, from: number, to: number): void => {
    const axis = axes[depth];
    if (axis === undefined) {
      out[to] = at(from);
      return;
    }
    const extent = shape[axis] ?? 0;
    const step = strides[axis] ?? 0;
    const place = places[axis] ?? 0;
    for (let i = 0; i < extent; i++) walk(depth + 1, from + i * step, to + i * place);
  };
  if (count > 0) walk(0, record.offset, 0);
  return out;
}
