// fp32 from the other floating-point formats of model files. Every fp16 and bf16 value is an fp32 value; fp64 is
// rounded to the nearest, ties to even.

export interface Decoder {
  /** Bytes a value. */
  bytes: number;
  /** To little-endian fp32 bytes. `bytes` begins on a boundary of its type. */
  decode(bytes: Uint8Array): Uint8Array;
}

function bytesOf(array: Float32Array | Uint32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** fp32 bits of an fp16: 1 sign, 5 exponent (bias 15), 10 mantissa bits. */
export function fp16ToFp32Bits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 0x1f;
  const mantissa = half & 0x3ff;
  if (exponent === 0x1f) return (sign | 0x7f800000 | (mantissa << 13)) >>> 0;
  if (exponent !== 0) return (sign | ((exponent + 112) << 23) | (mantissa << 13)) >>> 0;
  if (mantissa === 0) return sign >>> 0;
  // Subnormal: mantissa * 2^-24, which fp32 holds as a normal number.
  const shift = Math.clz32(mantissa) - 21;
  return (sign | ((113 - shift) << 23) | (((mantissa << shift) & 0x3ff) << 13)) >>> 0;
}

function decodeFp16(bytes: Uint8Array): Uint8Array {
  const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
  const out = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) out[i] = fp16ToFp32Bits(halves[i] ?? 0);
  return bytesOf(out);
}

/** bf16 is the upper half of an fp32. */
function decodeBf16(bytes: Uint8Array): Uint8Array {
  const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
  const out = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) out[i] = (halves[i] ?? 0) << 16;
  return bytesOf(out);
}

function decodeFp64(bytes: Uint8Array): Uint8Array {
  return bytesOf(Float32Array.from(new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8)));
}

/** By safetensors' names of types. */
export const decoders: ReadonlyMap<string, Decoder> = new Map([
  ['F32', { bytes: 4, decode: (bytes) => bytes }],
  ['F16', { bytes: 2, decode: decodeFp16 }],
  ['BF16', { bytes: 2, decode: decodeBf16 }],
  ['F64', { bytes: 8, decode: decodeFp64 }],
]);
