import { describe, expect, it } from 'vitest';
import type { ClassFiles } from './scan.ts';
import { splitByFraction } from './split.ts';

function classOf(folder: string, count: number): ClassFiles {
  return {
    folder,
    files: Array.from({ length: count }, (_, i) => `${folder}/${String(i).padStart(4, '0')}.jpg`),
  };
}

describe('splitByFraction', () => {
  it('takes the share of every class and loses nothing', () => {
    const classes = [classOf('a', 100), classOf('b', 7), classOf('c', 2), classOf('d', 1)];
    const { train, val } = splitByFraction(classes, 0.2);
    expect(val.map((c) => c.files.length)).toEqual([20, 1, 1, 0]);
    classes.forEach(({ files }, i) => {
      expect([...(train[i]?.files ?? []), ...(val[i]?.files ?? [])].sort()).toEqual(files);
      expect(train[i]?.files.length).toBeGreaterThan(0);
    });
  });

  it('draws alike every time, not by order, and keeps its draw when a class is added', () => {
    const [a, b] = [classOf('a', 50), classOf('b', 50)];
    const first = splitByFraction([a, b], 0.3);
    expect(splitByFraction([a, classOf('aa', 20), b], 0.3).val[2]).toEqual(first.val[1]);
    const reversed = splitByFraction([{ folder: 'a', files: [...a.files].reverse() }], 0.3);
    expect([...(reversed.val[0]?.files ?? [])].sort()).toEqual(first.val[0]?.files);
    expect(first.val[0]?.files).not.toEqual(a.files.slice(0, 15));
  });

  it('refuses shares that leave nothing', () => {
    for (const fraction of [0, 1, -0.1, Number.NaN]) expect(() => splitByFraction([], fraction)).toThrow();
  });
});
