// What a net answered with parts of one photo covered. A finer map contains the coarser one's places, and another
// class's map is the same answers read again: neither is computed twice.
import type { Occlusion } from './inspect-questions.ts';

export interface OcclusionView {
  label: number;
  cropSize: number;
  side: number;
  positions: number;
}

/** Tops or lefts of `positions` squares that cover 0..cropSize evenly. */
export function occlusionOffsets({ cropSize, side, positions }: Omit<OcclusionView, 'label'>): number[] {
  const room = Math.max(0, cropSize - side);
  if (positions === 1) return [Math.round(room / 2)];
  return Array.from({ length: positions }, (_, i) => Math.round((i * room) / (positions - 1)));
}

/** Far outside: nothing is covered. */
const nowhere = 4096;

export class OcclusionMemory {
  #key = '';
  /** By "top,left". */
  readonly #answers = new Map<string, Float32Array>();

  /** `occlude` gives the softmax for each pair of top and left, one after the other. */
  async read(
    photo: string,
    view: OcclusionView,
    occlude: (corners: Int32Array, side: number) => Promise<Float32Array>,
  ): Promise<Occlusion> {
    const { cropSize, side, positions, label } = view;
    const key = `${photo} ${cropSize} ${side}`;
    if (key !== this.#key) this.#answers.clear();
    this.#key = key;
    const offsets = occlusionOffsets(view);
    const places = offsets.flatMap((top) => offsets.map((left): [number, number] => [top, left]));
    const missing = [[nowhere, nowhere] as [number, number], ...places].filter(
      ([top, left]) => !this.#answers.has(`${top},${left}`),
    );
    if (missing.length > 0) {
      const found = await occlude(Int32Array.from(missing.flat()), side);
      const classes = found.length / missing.length;
      missing.forEach(([top, left], i) => {
        this.#answers.set(`${top},${left}`, found.slice(i * classes, (i + 1) * classes));
      });
    }
    const at = (top: number, left: number) => this.#answers.get(`${top},${left}`)?.[label] ?? 0;
    const probabilities = Float32Array.from(places, ([top, left]) => at(top, left));
    return { positions, probabilities, whole: at(nowhere, nowhere) };
  }
}
