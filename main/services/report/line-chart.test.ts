import { expect, it } from 'vitest';
import { lineChart, ticks } from './line-chart.ts';

it('marks an axis at round values', () => {
  expect(ticks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  expect(ticks(3, 97, 5)).toEqual([20, 40, 60, 80]);
  expect(ticks(0.0012, 0.0019, 4)).toEqual([0.0012, 0.0014, 0.0016, 0.0018]);
  expect(ticks(5, 5, 4)).toEqual([5]);
});

it('draws lines within their frame, with gaps where nothing was finite', () => {
  const svg = lineChart({
    label: 'Loss <1>',
    x: 'epoch',
    y: 'loss',
    lines: [
      {
        name: 'training',
        colour: 1,
        points: [
          [0, 6.9],
          [1, 4],
          [2, null],
          [3, 2],
          [4, Number.NaN],
          [5, 1],
        ],
      },
      {
        name: 'validation',
        colour: 2,
        points: [
          [1, 5],
          [5, 2],
        ],
        dots: true,
      },
    ],
    marks: [{ x: 3, label: 'rate <0.1>' }],
  });
  // Three pieces of the first line, one of the second.
  const [first = '', second = ''] = [...svg.matchAll(/class="line [^>]* d="([^"]*)"/g)].map(
    ([, path]) => path ?? '',
  );
  expect(first.match(/M/g)).toHaveLength(3);
  expect(second.match(/M/g)).toHaveLength(1);
  expect(svg.match(/<circle/g)).toHaveLength(2);
  for (const [, x, y] of `${first}${second}`.matchAll(/[ML]([\d.-]+) ([\d.-]+)/g)) {
    expect(Number(x)).toBeGreaterThanOrEqual(58);
    expect(Number(x)).toBeLessThanOrEqual(708);
    expect(Number(y)).toBeGreaterThanOrEqual(12);
    expect(Number(y)).toBeLessThanOrEqual(210);
  }
  expect(svg).not.toContain('NaN');
  expect(svg).toContain('rate &#60;0.1&#62;');
  expect(svg).toContain('Loss &#60;1&#62;');
});

it('draws rates over powers of ten, and nothing where there is nothing', () => {
  const chart = { label: '', x: '', y: '', logarithmic: true };
  const svg = lineChart({
    ...chart,
    lines: [
      {
        name: 'rate',
        colour: 1,
        points: [
          [0, 0.01],
          [1, 0.0001],
          [2, 0],
        ],
      },
    ],
  });
  for (const tick of ['>0.01<', '>0.001<', '>1e-4<']) expect(svg).toContain(tick);
  expect(svg).not.toContain('NaN');
  expect(svg).not.toContain('Infinity');
  expect(lineChart({ ...chart, lines: [{ name: 'rate', colour: 1, points: [[0, 0]] }] })).toBe('');
  expect(
    lineChart({
      ...chart,
      logarithmic: false,
      lines: [
        {
          name: 'flat',
          colour: 1,
          points: [
            [0, 0],
            [1, 0],
          ],
        },
      ],
    }),
  ).not.toContain('NaN');
});
