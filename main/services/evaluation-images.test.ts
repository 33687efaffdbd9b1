import { expect, it } from 'vitest';
import { emptyAnswers } from '../api/evaluation-answers.ts';
import { OpenImages, sortRecords } from './evaluation-images.ts';

it('sorts records by their probability, equal ones by their place, either way', () => {
  const probabilities = Float32Array.from({ length: 5000 }, (_, i) => ((i * 7919) % 101) / 100);
  const key = (record: number) => probabilities[record] ?? 0;
  const records = () => Int32Array.from({ length: 5000 }, (_, i) => 4999 - i);
  for (const descending of [true, false]) {
    const way = descending ? -1 : 1;
    const expected = [...records()].sort((a, b) => (key(a) - key(b)) * way || a - b);
    expect([...sortRecords(records(), key, descending)]).toEqual(expected);
    // Beyond two million records another way is gone.
    const far = Int32Array.from(records(), (record) => record + 2 ** 21);
    const moved = sortRecords(far, (record) => key(record - 2 ** 21), descending);
    expect(Array.from(moved, (record) => record - 2 ** 21)).toEqual(expected);
  }
});

it('finds the images of a class, a cell, a bin, the surest mistakes and the hardest', () => {
  const answers = emptyAnswers(5);
  answers.labels.set([0, 0, 1, 1, 2]);
  [0, 1, 1, 2, 2].forEach((answer, image) => {
    answers.top5[image * 5] = answer;
  });
  [0.9, 0.8, 0.4, 0.95, 0.1].forEach((surety, image) => {
    answers.top5Probability[image * 5] = surety;
  });
  answers.trueProbability.set([0.9, 0.15, 0.4, 0.05, 0.1]);
  const open = new OpenImages(answers);
  expect([...open.select({ kind: 'confident' })]).toEqual([3, 1]);
  expect([...open.select({ kind: 'hardest' })]).toEqual([3, 4, 1, 2, 0]);
  expect([...open.select({ kind: 'class', label: 0 })]).toEqual([1, 0]);
  expect([...open.select({ kind: 'cell', true: 1, answered: 2 })]).toEqual([3]);
  expect([...open.select({ kind: 'bin', bin: 14 })]).toEqual([3]);
});
