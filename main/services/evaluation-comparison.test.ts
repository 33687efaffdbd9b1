import { expect, it } from 'vitest';
import type { Evaluation } from '../api/evaluation.ts';
import { emptyAnswers } from '../api/evaluation-answers.ts';
import { type Compared, compareEvaluations, comparisonCsv, imagesOfCell } from './evaluation-comparison.ts';

const labels = [0, 0, 1, 1, 2, 2];
const names = ['owl', 'tit', 'jay'];

function compared(best: number[], sure: number[], changes: Partial<Evaluation> = {}): Compared {
  const answers = emptyAnswers(labels.length);
  answers.labels.set(labels);
  best.forEach((answer, image) => {
    answers.top5[image * 5] = answer;
    answers.top5Probability[image * 5] = sure[image] ?? 0;
  });
  const evaluation = {
    id: 'e',
    datasetId: 'd',
    datasetName: 'birds',
    split: 'val',
    images: labels.length,
    ...changes,
  } as Evaluation;
  return { evaluation, title: 'a model', answers };
}

const a = compared([0, 0, 1, 0, 1, 0], [0.9, 0.5, 0.75, 0.5, 0.5, 0.5]);
const b = compared([0, 1, 0, 1, 2, 1], [0.5, 0.5, 0.5, 0.5, 0.75, 0.5]);

it('counts who has which images right, over all and class by class', () => {
  const { counts, classes, probability, meaning } = compareEvaluations(a, b, names);
  expect(counts).toEqual({ both: 1, onlyA: 2, onlyB: 2, neither: 1 });
  expect(probability).toBe(1);
  expect(meaning).toContain('nothing tells them apart');
  expect(classes).toEqual([
    { label: 0, name: 'owl', both: 1, onlyA: 1, onlyB: 0, neither: 0 },
    { label: 2, name: 'jay', both: 0, onlyA: 0, onlyB: 1, neither: 1 },
    { label: 1, name: 'tit', both: 0, onlyA: 1, onlyB: 1, neither: 0 },
  ]);
});

it('finds the images of a cell, the surest first, also of one class', () => {
  expect(imagesOfCell(a, b, { cell: 'onlyA' })).toEqual([2, 1]);
  expect(imagesOfCell(a, b, { cell: 'onlyB' })).toEqual([4, 3]);
  expect(imagesOfCell(a, b, { cell: 'onlyB', label: 1 })).toEqual([3]);
  expect(imagesOfCell(a, b, { cell: 'neither' })).toEqual([5]);
});

it('is exported with a row an image', () => {
  const lines = comparisonCsv(a, b, names, ['x.jpg']).split('\r\n');
  expect(lines).toHaveLength(8);
  expect(lines[1]).toMatch(/^0,x\.jpg,owl,both,owl,0\.8999/);
  expect(lines[3]).toBe('2,,tit,only A,tit,0.75,0,owl,0.5,0');
});

it('refuses evaluations of other images', () => {
  const refused = (other: Compared) => () => compareEvaluations(a, other, names);
  expect(refused(compared([], [], { split: 'train' }))).toThrow('training split of birds');
  expect(refused(compared([], [], { datasetId: 'other' }))).toThrow('only where they are of the same images');
  expect(refused(compared([], [], { datasetId: null }))).toThrow('same images');
  const moved = compared([], []);
  moved.answers.labels[3] = 0;
  expect(refused(moved)).toThrow('packed anew');
});
