// A layer's maps as one picture: a tile each, all to one scale.
import type { NativeMaps } from '../engine/addon.ts';

export interface MapPicture {
  perRow: number;
  width: number;
  height: number;
  /** RGB. */
  pixels: Uint8Array;
  least: number;
  most: number;
}

const gap = 1;
const ground: readonly [number, number, number] = [64, 72, 88];

/** About twice as wide as high, each column of the net beginning a row of its own. */
function tilesARow(channels: number, columns: number): number {
  const perColumn = Math.ceil(channels / columns);
  return Math.min(perColumn, Math.max(1, Math.ceil(Math.sqrt(channels * 2))));
}

/** Black is the least value, white the largest. Units without an extent are maps of one pixel. */
export function drawMaps({ channels, height, width, values }: NativeMaps, columns: number): MapPicture {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  const perRow = tilesARow(channels, columns);
  const perColumn = Math.ceil(channels / columns);
  const rowsAColumn = Math.ceil(perColumn / perRow);
  const pictureWidth = perRow * (width + gap) + gap;
  const pictureHeight = rowsAColumn * columns * (height + gap) + gap;
  const pixels = new Uint8Array(pictureWidth * pictureHeight * 3);
  for (let i = 0; i < pixels.length; i += 3) pixels.set(ground, i);
  const scale = most > least ? 255 / (most - least) : 0;
  for (let channel = 0; channel < channels; channel++) {
    const column = Math.floor(channel / perColumn);
    const place = channel % perColumn;
    const top = (column * rowsAColumn + Math.floor(place / perRow)) * (height + gap) + gap;
    const left = (place % perRow) * (width + gap) + gap;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const value = values[(channel * height + y) * width + x] ?? 0;
        pixels.fill(
          Math.round((value - least) * scale),
          ((top + y) * pictureWidth + left + x) * 3,
          ((top + y) * pictureWidth + left + x) * 3 + 3,
        );
      }
    }
  }
  return { perRow, width: pictureWidth, height: pictureHeight, pixels, least, most };
}
