import { describe, expect, it } from 'vitest';
import { lowest, smooth, thin, wholeRange } from './curves.ts';

const line = (ys: number[]) => ys.map((y, x) => ({ x, y }));

describe('smooth', () => {
  it('changes nothing at weight 0 and nothing on a flat curve', () => {
    const points = line([3, 1, 2]);
    expect(smooth(points, 0)).toEqual(points);
    for (const { y } of smooth(line([5, 5, 5, 5]), 0.9)) expect(y).toBeCloseTo(5, 12);
  });

  it('begins at the first value instead of at zero', () => {
    expect(smooth(line([6.9, 6.9, 0]), 0.9)[0]?.y).toBeCloseTo(6.9, 12);
  });

  it('weights the past: 0.5 gives (2 * new + old) / 3 for the second point', () => {
    expect(smooth(line([1, 4]), 0.5)[1]?.y).toBeCloseTo(3, 12);
  });

  it('leaves out what is not finite', () => {
    expect(smooth(line([1, Number.NaN, 1]), 0.5)).toHaveLength(2);
  });
});

describe('thin', () => {
  it('keeps short curves and both ends of long ones', () => {
    const short = line([1, 2, 3]);
    expect(thin(short, 10)).toEqual(short);
    const long = line(Array.from({ length: 10_000 }, (_, i) => Math.sin(i / 500)));
    const kept = thin(long, 200);
    expect(kept).toHaveLength(200);
    expect(kept[0]).toEqual(long[0]);
    expect(kept.at(-1)).toEqual(long.at(-1));
    for (let i = 1; i < kept.length; i++) expect(kept[i]?.x).toBeGreaterThan(kept[i - 1]?.x ?? Infinity);
  });

  it('keeps a spike', () => {
    const points = line(Array.from({ length: 5_000 }, (_, i) => (i === 3_217 ? 50 : 1)));
    expect(thin(points, 100)).toContainEqual({ x: 3_217, y: 50 });
  });
});

describe('wholeRange', () => {
  it('is the steps around what was drawn, never less than one apart', () => {
    expect(wholeRange(113.4, 122.6)).toEqual([113, 123]);
    expect(wholeRange(-3, 0.2)).toEqual([0, 1]);
    expect(wholeRange(7, 7)).toEqual([7, 8]);
  });
});

describe('lowest', () => {
  it('is the first of equals', () => {
    expect(lowest(line([3, 1, 2, 1]))).toEqual({ x: 1, y: 1 });
    expect(lowest([])).toBeUndefined();
  });
});
