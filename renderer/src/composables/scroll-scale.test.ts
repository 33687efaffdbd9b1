import { describe, expect, it } from 'vitest';
import { layoutHeight, tallest, toOffset, toScrollTop } from './scroll-scale.ts';

describe('the scale of a scroll bar', () => {
  it('is 1 for what a browser can lay out', () => {
    const scale = { real: 150_000, viewport: 600 };
    expect(layoutHeight(scale)).toBe(150_000);
    expect(toOffset(scale, 1234)).toBe(1234);
    expect(toScrollTop(scale, 1234)).toBe(1234);
  });

  it('reaches both ends of a list that is taller, and finds back', () => {
    const scale = { real: 86_000_000, viewport: 600 };
    expect(layoutHeight(scale)).toBe(tallest);
    expect(toOffset(scale, 0)).toBe(0);
    expect(toOffset(scale, tallest - 600)).toBe(86_000_000 - 600);
    for (const offset of [0, 12_345, 40_000_000]) {
      expect(toOffset(scale, toScrollTop(scale, offset))).toBeCloseTo(offset, 4);
    }
  });

  it('leaves a list alone that is shorter than the view', () => {
    expect(toOffset({ real: 100, viewport: 600 }, 0)).toBe(0);
  });
});
