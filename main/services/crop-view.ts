// A crop of the packed square as training sees it: cut, mirrored, coloured; before the mean is subtracted, so that
// people can look at it.
import { AppError } from '../api/errors.ts';
import type { CropView } from '../api/image-urls.ts';

export const squareSide = 256;

/** RGB bytes of size x size. Throws INVALID_ARGUMENT where the crop leaves the square. */
export function cropPixels(square: Uint8Array, { top, left, size, mirror, colour }: CropView): Uint8Array {
  const last = squareSide - size;
  const inside = [top, left].every((place) => Number.isInteger(place) && place >= 0 && place <= last);
  if (!Number.isInteger(size) || size < 1 || !inside) {
    throw new AppError('INVALID_ARGUMENT', `a crop of ${size} at ${top}, ${left} does not lie in the square`);
  }
  const pixels = new Uint8Array(size * size * 3);
  let to = 0;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const from = ((top + y) * squareSide + left + (mirror ? size - 1 - x : x)) * 3;
      for (let c = 0; c < 3; c++) {
        const value = (square[from + c] ?? 0) + (colour[c] ?? 0);
        pixels[to++] = Math.max(0, Math.min(255, Math.round(value)));
      }
    }
  }
  return pixels;
}

/** A mean image's floats as RGB bytes. */
export function meanPixels(mean: Float32Array): Uint8Array {
  return Uint8Array.from(mean, (value) => Math.max(0, Math.min(255, Math.round(value))));
}
