// How much of the first convolution's kernels is colour: the paper's two columns specialise, one in colour, the other
// in grey edges (section 6.1, figure 3), whatever the random start.
import type { KernelTiles } from './kernel-picture.ts';

/**
 * The share of a kernel's energy that is colour: at each tap the three weights are split into their mean (what answers
 * to grey) and the rest (what answers only to differences between R, G and B); the share is the rest's sum of squares
 * over that of all. 0: a grey kernel. 1: blind to grey. A kernel of independent weights has 2/3 on average, for two of
 * three directions in RGB are colour. `weights`: [3, size * size].
 */
export function colourShare(weights: Float32Array, area: number): number {
  let grey = 0;
  let all = 0;
  for (let i = 0; i < area; i++) {
    const red = weights[i] ?? 0;
    const green = weights[area + i] ?? 0;
    const blue = weights[2 * area + i] ?? 0;
    const mean = (red + green + blue) / 3;
    grey += 3 * mean * mean;
    all += red * red + green * green + blue * blue;
  }
  return all === 0 ? 0 : Math.max(0, 1 - grey / all);
}

/** By column: the mean over its kernels. `weights`: [kernels, 3, size, size], column 0 first. */
export function columnColourShares(
  weights: Float32Array,
  { kernels, size, columns }: Pick<KernelTiles, 'kernels' | 'size' | 'columns'>,
): number[] {
  const area = size * size;
  const perColumn = Math.ceil(kernels / columns);
  return Array.from({ length: columns }, (_, column) => {
    const first = column * perColumn;
    const last = Math.min(kernels, first + perColumn);
    let sum = 0;
    for (let k = first; k < last; k++)
      sum += colourShare(weights.subarray(k * 3 * area, (k + 1) * 3 * area), area);
    return last > first ? sum / (last - first) : 0;
  });
}
