import { expect, it } from 'vitest';
import { bins, countCalibration } from '../../api/calibration.ts';
import type { EvaluationSummary } from '../../api/evaluation.ts';
import { emptyAnswers } from '../../api/evaluation-answers.ts';
import { calibrate } from './calibration.ts';
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
  top1Interval: null,
  top5Interval: null,
  calibration: [],
};

it('calibrates: a bin says how many of its answers are right', () => {
  const answers = emptyAnswers(3);
  answers.labels.set([7, 7, 7]);
  answers.top5.set([7, 0, 0, 0, 0, 6, 7, 0, 0, 0, 5]);
  answers.top5Probability.set([1, 0, 0, 0, 0, 0.98, 0, 0, 0, 0, 0.05]);
  const { bins: found, error } = calibrate(countCalibration(answers));
  expect(found).toHaveLength(bins);
  expect(found.at(-1)).toMatchObject({ images: 2, accuracy: 0.5 });
  expect(found.at(-1)?.probability).toBeCloseTo(0.99, 6);
  expect(found[0]).toMatchObject({ images: 1, accuracy: 0 });
  expect(found[0]?.probability).toBeCloseTo(0.05, 6);
  expect(found[5]).toMatchObject({ images: 0, probability: null, accuracy: null });
  // (2 * |0.99 - 0.5| + 1 * 0.05) / 3
  expect(error).toBeCloseTo(0.3433, 3);
  expect(calibrate(countCalibration(emptyAnswers(0))).error).toBe(0);
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
  const answers = emptyAnswers(2);
  answers.labels.set([0, -1]);
  answers.top5.set([0, 1, 2, 3, -1, 0, 1, 2, 3, -1]);
  answers.top5Probability.set([0.75, 0, 0, 0, 0, 0.5]);
  answers.trueProbability.set([0.75, 0.25]);
  const names = ['tench', 'goldfish, red', 'shark', 'ray'];
  const lines = evaluationCsv(answers, names, ['a/1.jpg']).split('\r\n');
  expect(lines[0]).toContain('record,file,true class,probability of the true class,right,answer 1');
  expect(lines[1]).toMatch(/^0,a\/1\.jpg,tench,0\.75,1,tench,0\.75,"goldfish, red"/);
  expect(lines[2]).toMatch(/^1,,,0\.25,0,tench,0\.5/);
  expect(lines).toHaveLength(4);
});
