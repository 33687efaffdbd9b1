import { describe, expect, it } from 'vitest';
import { colourShare, columnColourShares } from './colour-share.ts';

const size = 5;
const area = size * size;

/** A kernel of 5 x 5 whose weights are `of(channel, place)`. */
const kernel = (of: (channel: number, place: number) => number) =>
  Float32Array.from({ length: 3 * area }, (_, i) => of(Math.floor(i / area), i % area));

/** An edge: one half positive, the other negative. */
const edge = (place: number) => (place % size < 2 ? 1 : -0.7);

describe('the share of colour', () => {
  it('is 0 for a grey edge, whatever its size', () => {
    expect(
      colourShare(
        kernel((_, place) => 3 * edge(place)),
        area,
      ),
    ).toBeCloseTo(0, 6);
  });

  it('is 1 for red against green, and for a colour blob that grey does not move', () => {
    expect(
      colourShare(
        kernel((c, place) => ([1, -1, 0][c] ?? 0) * edge(place)),
        area,
      ),
    ).toBeCloseTo(1, 6);
    expect(
      colourShare(
        kernel((c) => [2, -1, -1][c] ?? 0),
        area,
      ),
    ).toBeCloseTo(1, 6);
  });

  it('is 2/3 for an edge in one channel alone', () => {
    expect(
      colourShare(
        kernel((c, place) => (c === 2 ? edge(place) : 0)),
        area,
      ),
    ).toBeCloseTo(2 / 3, 6);
  });

  it('is 0 for a kernel of zeros', () => {
    expect(
      colourShare(
        kernel(() => 0),
        area,
      ),
    ).toBe(0);
  });
});

it('tells a column of grey kernels from one of coloured ones', () => {
  const grey = kernel((_, place) => edge(place));
  const coloured = kernel((c, place) => ([1, 0, -1][c] ?? 0) * edge(place));
  const weights = new Float32Array(4 * 3 * area);
  [grey, grey, coloured, grey].forEach((one, i) => {
    weights.set(one, i * 3 * area);
  });
  const shares = columnColourShares(weights, { kernels: 4, size, columns: 2 });
  expect(shares[0]).toBeCloseTo(0, 6);
  expect(shares[1]).toBeCloseTo(0.5, 6);
});
