// Tileable cloud noise that backgrounds and surfaces are made of, drawn once and sampled many times.
import type { Random } from './random.ts';

const size = 256;
const mask = size - 1;

export class CloudTexture {
  readonly #values: Float32Array;

  /** Octaves of value noise, each half as strong as the one before times `roughness` * 2. */
  constructor(random: Random, firstPeriod: number, roughness: number) {
    const values = new Float32Array(size * size);
    let weight = 1;
    let total = 0;
    for (let period = firstPeriod; period >= 2; period >>= 1) {
      addOctave(values, random, period, weight);
      total += weight;
      weight *= roughness;
    }
    for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? 0) / total;
    this.#values = values;
  }

  /** 0..1, bilinear, repeating every 256. */
  at(x: number, y: number): number {
    const left = Math.floor(x);
    const top = Math.floor(y);
    const fx = x - left;
    const fy = y - top;
    const x0 = left & mask;
    const x1 = (left + 1) & mask;
    const row0 = (top & mask) * size;
    const row1 = ((top + 1) & mask) * size;
    const v = this.#values;
    const upper = (v[row0 + x0] ?? 0) * (1 - fx) + (v[row0 + x1] ?? 0) * fx;
    const lower = (v[row1 + x0] ?? 0) * (1 - fx) + (v[row1 + x1] ?? 0) * fx;
    return upper * (1 - fy) + lower * fy;
  }
}

function addOctave(values: Float32Array, random: Random, period: number, weight: number): void {
  const cells = size / period;
  const grid = Float32Array.from({ length: cells * cells }, () => random.next());
  for (let y = 0; y < size; y++) {
    const cy = Math.floor(y / period);
    const sy = smooth((y % period) / period);
    const row0 = cy * cells;
    const row1 = ((cy + 1) % cells) * cells;
    for (let x = 0; x < size; x++) {
      const cx = Math.floor(x / period);
      const sx = smooth((x % period) / period);
      const nx = (cx + 1) % cells;
      const upper = (grid[row0 + cx] ?? 0) * (1 - sx) + (grid[row0 + nx] ?? 0) * sx;
      const lower = (grid[row1 + cx] ?? 0) * (1 - sx) + (grid[row1 + nx] ?? 0) * sx;
      const i = y * size + x;
      values[i] = (values[i] ?? 0) + weight * (upper * (1 - sy) + lower * sy);
    }
  }
}

function smooth(t: number): number {
  return t * t * (3 - 2 * t);
}
