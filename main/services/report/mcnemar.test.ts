import { expect, it } from 'vitest';
import { explainMcnemar, mcnemar } from './mcnemar.ts';

/** The same by whole numbers: every split of n images, one by one. */
function exact(onlyA: number, onlyB: number): number {
  const n = onlyA + onlyB;
  const fewer = Math.min(onlyA, onlyB);
  let [choose, sum] = [1n, 0n];
  for (let k = 0; k <= fewer; k++) {
    sum += choose;
    choose = (choose * BigInt(n - k)) / BigInt(k + 1);
  }
  // 2 * sum / 2^n with 60 binary digits kept.
  return Math.min(1, Number((2n * sum * 2n ** 60n) / 2n ** BigInt(n)) / 2 ** 60);
}

it('is the exact binomial probability', () => {
  for (const [a, b] of [
    [0, 1],
    [5, 0],
    [1, 9],
    [10, 10],
    [20, 35],
    [300, 260],
    [700, 590],
  ] as const) {
    expect(mcnemar(a, b), `${a}, ${b}`).toBeCloseTo(exact(a, b), 10);
    expect(mcnemar(b, a)).toBe(mcnemar(a, b));
  }
  // By hand: 1 of 10, two-sided: 2 * (1 + 10) / 1024.
  expect(mcnemar(1, 9)).toBeCloseTo(22 / 1024, 12);
  expect(mcnemar(0, 0)).toBe(1);
  expect(mcnemar(20_000, 15_000)).toBeLessThan(1e-100);
  expect(mcnemar(20_000, 15_000)).toBeGreaterThanOrEqual(0);
});

it('says in words what it means', () => {
  expect(explainMcnemar('a', 'b', 1, 9)).toMatch(
    /^b is better on these images\. .* 10 images .* 2\.1 % of the time\.$/,
  );
  expect(explainMcnemar('a', 'b', 6, 4)).toMatch(/^These images do not show that a is better/);
  expect(explainMcnemar('a', 'b', 3, 2)).toContain('at least this unevenly 100 % of the time');
  expect(explainMcnemar('a', 'b', 0, 0)).toContain('nothing tells them apart');
  expect(explainMcnemar('a', 'b', 4, 4)).toContain('nothing tells them apart');
  expect(explainMcnemar('a', 'b', 0, 100)).toContain('less than once in 10,000 times');
});
