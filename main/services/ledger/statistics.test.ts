import { describe, expect, it } from 'vitest';
import { deviation, estimate, pooledVariance, shareOfImages, studentQuantile95 } from './statistics.ts';

describe("Student's t", () => {
  // Tabulated quantiles at 97.5 %.
  it.each([
    [1, 12.7062],
    [2, 4.3027],
    [3, 3.1824],
    [6, 2.4469],
    [10, 2.2281],
    [30, 2.0423],
    [120, 1.9799],
    [1e6, 1.96],
  ])('with %d degrees of freedom reaches %d', (degrees, quantile) => {
    expect(studentQuantile95(degrees)).toBeCloseTo(quantile, 3);
  });

  it('falls with the degrees of freedom, whole or not', () => {
    const quantiles = [1, 1.5, 2, 2.7, 5, 9.9, 40].map(studentQuantile95);
    expect(quantiles).toEqual([...quantiles].sort((a, b) => b - a));
  });
});

describe('deviations', () => {
  it('are those of samples', () => {
    expect(deviation([1, 3])).toBeCloseTo(Math.SQRT2);
    expect(deviation([5])).toBeNull();
  });

  it('are pooled over recipes, each about its own mean', () => {
    // (0.5 + 2) about the means 0.5 and 11, with one degree of freedom each.
    expect(pooledVariance([[0, 1], [10, 12], [7]])).toEqual({ variance: 1.25, degrees: 2 });
    expect(pooledVariance([[1], [2], []])).toBeNull();
  });

  it('over images are those of their mean', () => {
    expect(shareOfImages([0, 1, 0, 1])).toEqual({ variance: 1 / 12, degrees: 3 });
    expect(shareOfImages([1])).toBeNull();
  });
});

describe('an interval', () => {
  it('adds the variances of seeds and images, their degrees after Welch and Satterthwaite', () => {
    const { low, high, standardError, degrees } = estimate(
      0.1,
      [0.09, 0.11],
      { variance: 0.0004, degrees: 4 },
      { variance: 0.0004, degrees: 1000 },
    );
    expect(standardError).toBeCloseTo(Math.sqrt(0.0008));
    expect(degrees).toBeCloseTo(0.0008 ** 2 / (0.0004 ** 2 / 4 + 0.0004 ** 2 / 1000));
    const half = studentQuantile95(degrees ?? 0) * Math.sqrt(0.0008);
    expect([low, high]).toEqual([0.1 - half, 0.1 + half]);
  });

  it('is not made of one seed', () => {
    const one = estimate(0.1, [0.1], null, { variance: 0.0004, degrees: 99 });
    expect([one.low, one.high, one.standardError, one.imageError]).toEqual([null, null, null, 0.02]);
  });

  it('covers the truth in 95 of 100 cases', () => {
    // Two seeds a recipe, five recipes pooled, normal noise from a fixed stream.
    let state = 12345;
    const uniform = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return (state + 0.5) / 2 ** 32;
    };
    const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    let covered = 0;
    const trials = 1000;
    for (let trial = 0; trial < trials; trial++) {
      const groups = Array.from({ length: 5 }, () => [normal(), normal()]);
      const values = [0, 1].map((i) => (groups[1]?.[i] ?? 0) - (groups[0]?.[i] ?? 0));
      const pooled = pooledVariance(groups);
      const seeds = pooled && { variance: pooled.variance, degrees: pooled.degrees };
      const { low, high } = estimate((values[0] ?? 0) / 2 + (values[1] ?? 0) / 2, values, seeds, null);
      if (low !== null && high !== null && low <= 0 && high >= 0) covered++;
    }
    expect(covered / trials).toBeGreaterThan(0.93);
    expect(covered / trials).toBeLessThan(0.97);
  });
});
