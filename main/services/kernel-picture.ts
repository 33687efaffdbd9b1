// The first convolution's kernels as one picture, as in the paper's figure 3: each scaled to its own range, the
// kernels of column 0 above those of column 1.

export interface KernelTiles {
  kernels: number;
  size: number;
  columns: number;
  perRow: number;
  width: number;
  height: number;
}

const gap = 1;

/** A column's tiles are about so many times as wide as high: the paper's 48 lie in three rows of sixteen. */
const wideness = 5;

/** Full rows where the number allows any that are not far from the wanted form. */
function tilesPerRow(count: number): number {
  const wanted = Math.min(count, Math.max(1, Math.ceil(Math.sqrt(count * wideness))));
  const farness = (perRow: number) => Math.abs(Math.log(perRow / wanted));
  const full = Array.from({ length: count }, (_, i) => i + 1)
    .filter((perRow) => count % perRow === 0)
    .sort((a, b) => farness(a) - farness(b))[0];
  return full !== undefined && farness(full) < Math.log(2) ? full : wanted;
}

/** Where `kernels` kernels of `size` x `size` go; each column begins a row of its own. */
export function layTiles(kernels: number, size: number, columns: number): KernelTiles {
  const perColumn = Math.ceil(kernels / columns);
  const perRow = tilesPerRow(perColumn);
  const rows = Math.ceil(perColumn / perRow) * columns;
  return {
    kernels,
    size,
    columns,
    perRow,
    width: perRow * (size + gap) + gap,
    height: rows * (size + gap) + gap,
  };
}

/** RGB bytes. `weights`: [kernels, 3, size, size]. The ground is mid-grey, which is what a kernel of zeros is. */
export function drawKernels(weights: Float32Array, tiles: KernelTiles): Uint8Array {
  const { kernels, size, columns, perRow, width, height } = tiles;
  const pixels = new Uint8Array(width * height * 3).fill(128);
  const perColumn = Math.ceil(kernels / columns);
  const rowsAColumn = Math.ceil(perColumn / perRow);
  const area = size * size;
  for (let kernel = 0; kernel < kernels; kernel++) {
    const column = Math.floor(kernel / perColumn);
    const place = kernel % perColumn;
    const top = (column * rowsAColumn + Math.floor(place / perRow)) * (size + gap) + gap;
    const left = (place % perRow) * (size + gap) + gap;
    const values = weights.subarray(kernel * 3 * area, (kernel + 1) * 3 * area);
    let least = Number.POSITIVE_INFINITY;
    let most = Number.NEGATIVE_INFINITY;
    for (const value of values) {
      if (value < least) least = value;
      if (value > most) most = value;
    }
    const scale = most > least ? 255 / (most - least) : 0;
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const at = ((top + y) * width + left + x) * 3;
        for (let c = 0; c < 3; c++) {
          const value = values[c * area + y * size + x] ?? 0;
          pixels[at + c] = scale === 0 ? 128 : Math.round((value - least) * scale);
        }
      }
    }
  }
  return pixels;
}
