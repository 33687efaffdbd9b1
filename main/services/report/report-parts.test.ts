import { expect, it } from 'vitest';
import type { EvaluationSummary } from '../../api/evaluation.ts';
import { bins, calibrate } from './calibration.ts';
import { confusionMap } from './confusion-map.ts';
import { csvField, evaluationCsv } from './evaluation-tables.ts';

const summary: EvaluationSummary = {
  images: 6,
  loss: 1,
  top1Error: 0.5,
  top5Error: 0,
  classImages: [2, 2, 2, 0],
  classTop5Hits: [2, 2, 2, 0],
  confusion: [
    [0, 0, 2],
    [1, 0, 1],
    [1, 1, 1],
    [2, 3, 2],
  ],
  top5: [[0], [0], [0], [1], [3], [3]].map((row) => [...row, -1, -1, -1, -1]),
  top5Probability: [0.9, 0.8, 0.7, 0.6, 0.5, 0.4].map((value) => [value, 0, 0, 0, 0]),
  trueProbability: [0.9, 0.8, 0.1, 0.6, 0.1, 0.2],
};

it('calibrates: a bin says how many of its answers are right', () => {
  const { bins: found, error } = calibrate([
    { probability: 1, right: true },
    { probability: 0.98, right: false },
    { probability: 0.05, right: false },
  ]);
  expect(found).toHaveLength(bins);
  expect(found.at(-1)).toMatchObject({ images: 2, probability: 0.99, accuracy: 0.5 });
  expect(found[0]).toMatchObject({ images: 1, probability: 0.05, accuracy: 0 });
  expect(found[5]).toMatchObject({ images: 0, probability: null, accuracy: null });
  // (2 * |0.99 - 0.5| + 1 * 0.05) / 3
  expect(error).toBeCloseTo(0.3433, 3);
  expect(calibrate([]).error).toBe(0);
});

it('shows the whole table, a part of it, and several classes a cell', () => {
  const whole = { fromRow: 0, toRow: 99, fromColumn: 0, toColumn: 99, cells: 10 };
  expect(confusionMap(summary, whole)).toMatchObject({
    classes: 4,
    toRow: 4,
    classesPerCell: 1,
    cells: [
      [0, 0, 2, 1],
      [1, 0, 1, 0.5],
      [1, 1, 1, 0.5],
      [2, 3, 2, 1],
    ],
  });
  expect(confusionMap(summary, { ...whole, fromRow: 1, toRow: 2 }).cells).toEqual([
    [0, 0, 1, 0.5],
    [0, 1, 1, 0.5],
  ]);
  const coarse = confusionMap(summary, { ...whole, cells: 2 });
  expect(coarse.classesPerCell).toBe(2);
  expect(coarse.cells).toEqual([
    [0, 0, 4, 1],
    [1, 1, 2, 1],
  ]);
  expect(confusionMap(summary, { ...whole, fromRow: 7 }).cells).toEqual([]);
});

it('quotes CSV fields, and lets no spreadsheet take one for a formula', () => {
  expect(csvField('a,b')).toBe('"a,b"');
  expect(csvField('say "no"')).toBe('"say ""no"""');
  expect(csvField('=HYPERLINK("x")')).toBe('"\'=HYPERLINK(""x"")"');
  expect(csvField(-1.5)).toBe('-1.5');
});

it('writes a row an image', () => {
  const detail = { summary } as Parameters<typeof evaluationCsv>[0];
  const names = ['tench', 'goldfish, red', 'shark', 'ray'];
  const lines = evaluationCsv(detail, names, [{ path: 'a/1.jpg', label: 0 }, undefined]).split('\r\n');
  expect(lines[0]).toContain('record,file,true class,probability of the true class,right,answer 1');
  expect(lines[1]).toMatch(/^0,a\/1\.jpg,tench,0\.9,1,tench,0\.9/);
  expect(lines[2]).toMatch(/^1,,,0\.8,,tench,0\.8/);
  expect(lines).toHaveLength(8);
});
