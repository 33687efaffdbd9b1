// Protocol buffers' wire format, read by position: large fields stay in the file. Only the fields that a reader asks
// for are looked into, so nesting costs nothing.
import { type ByteSource, invalidModel } from './byte-source.ts';

export interface WireField {
  number: number;
  /** Of a varint, signed; beyond 2^53 it is not exact, which no length or count may be. */
  value: number;
  /** Of a length-delimited field, or of the four or eight bytes of a fixed one. */
  position: number;
  sizeBytes: number;
  kind: 'varint' | 'fixed64' | 'bytes' | 'fixed32';
}

/** A net has some thousands of fields; a file of nothing but fields is no net. */
const mostFields = 2_000_000;
const longestText = 1 << 20;

/** Reads one file's messages, counting what it reads. */
export class ProtobufReader {
  readonly source: ByteSource;
  readonly #what: string;
  #fields = 0;

  /** `what`: the format, e.g. "an ONNX model". */
  constructor(source: ByteSource, what: string) {
    this.source = source;
    this.#what = what;
  }

  refuse(why: string): Error {
    return invalidModel(this.source.path, this.#what, why);
  }

  /** The fields of the message in [position, position + sizeBytes). Throws INVALID_MODEL. */
  *fields(position: number, sizeBytes: number): Generator<WireField> {
    const end = position + sizeBytes;
    if (end > this.source.size) throw this.refuse('it ends too early');
    let at = position;
    while (at < end) {
      if (++this.#fields > mostFields) throw this.refuse('it has too many fields');
      const tag = this.#varint(at, end);
      at = tag.end;
      const number = Math.floor(tag.value / 8);
      const wire = tag.value % 8;
      if (number === 0 || number > 0x1fffffff) throw this.refuse('it has a field that cannot be');
      if (wire === 0) {
        const varint = this.#varint(at, end);
        yield { number, value: varint.value, position: at, sizeBytes: varint.end - at, kind: 'varint' };
        at = varint.end;
      } else if (wire === 1 || wire === 5) {
        const width = wire === 1 ? 8 : 4;
        if (at + width > end) throw this.refuse('a field is longer than what it is in');
        yield { number, value: 0, position: at, sizeBytes: width, kind: wire === 1 ? 'fixed64' : 'fixed32' };
        at += width;
      } else if (wire === 2) {
        const length = this.#varint(at, end);
        if (length.value < 0 || length.end + length.value > end)
          throw this.refuse('a field is longer than what it is in');
        yield { number, value: 0, position: length.end, sizeBytes: length.value, kind: 'bytes' };
        at = length.end + length.value;
      } else {
        throw this.refuse(`it has a field of wire type ${wire}`);
      }
    }
  }

  /** The fields of a length-delimited field. */
  inside(field: WireField): Generator<WireField> {
    if (field.kind !== 'bytes') throw this.refuse(`field ${field.number} is no message`);
    return this.fields(field.position, field.sizeBytes);
  }

  text(field: WireField): string {
    if (field.kind !== 'bytes') throw this.refuse(`field ${field.number} is no text`);
    if (field.sizeBytes > longestText) throw this.refuse(`it has a text of ${field.sizeBytes} bytes`);
    return this.source.read(field.position, field.sizeBytes).toString('utf8');
  }

  float(field: WireField): number {
    if (field.kind !== 'fixed32') throw this.refuse(`field ${field.number} is no number`);
    return this.source.read(field.position, 4).readFloatLE();
  }

  integer(field: WireField): number {
    if (field.kind !== 'varint') throw this.refuse(`field ${field.number} is no whole number`);
    return field.value;
  }

  /** A repeated whole number: one value, or many packed. */
  integers(field: WireField): number[] {
    if (field.kind === 'varint') return [field.value];
    if (field.kind !== 'bytes' || field.sizeBytes > 10_000)
      throw this.refuse('a list of numbers is too long');
    const values: number[] = [];
    const end = field.position + field.sizeBytes;
    for (let at = field.position; at < end; ) {
      const { value, end: next } = this.#varint(at, end);
      values.push(value);
      at = next;
    }
    return values;
  }

  /** Signed numbers of 64 bits: those below zero take ten bytes. */
  #varint(position: number, end: number): { value: number; end: number } {
    const bytes = this.source.read(position, Math.min(10, end - position));
    const last = bytes.findIndex((byte) => byte < 0x80);
    if (last < 0) throw this.refuse('a number does not end');
    let value = 0;
    let scale = 1;
    for (let i = 0; i <= last && i < 7; i++) {
      value += ((bytes[i] ?? 0) & 0x7f) * scale;
      scale *= 128;
    }
    if (last < 7) return { value, end: position + last + 1 };
    let wide = 0n;
    for (let i = last; i >= 0; i--) wide = (wide << 7n) | BigInt((bytes[i] ?? 0) & 0x7f);
    return { value: Number(BigInt.asIntN(64, wide)), end: position + last + 1 };
  }
}
