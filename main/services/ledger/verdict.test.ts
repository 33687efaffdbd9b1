// Verdicts on what was measured.
import { expect, it } from 'vitest';
import type { Claim, Estimate } from '../../api/ledger.ts';
import { judge } from './verdict.ts';

const claim: Claim = {
  id: 'code-init',
  group: 'code',
  title: 'Initial weights',
  change: '',
  measure: 'error',
  crops: 1,
  expected: 'open',
  note: '',
  baselineTitle: 'small',
  variantTitle: 'large',
  paper: null,
  author: null,
};
const none: Estimate = {
  mean: 0,
  values: [0, 0],
  low: -0.01,
  high: 0.01,
  spread: 0,
  seedError: 0,
  standardError: 0.005,
  imageError: 0.005,
  degrees: 4,
};
const measured = {
  ...{ top1: none, ratio: null, ratioAtLeast: null, done: 2, wanted: 2 },
  ...{ broken: '', goesOn: false, underWay: false, images: 1000 },
};

it('nets that have learned nothing show no difference, and nothing of it', () => {
  expect(judge(claim, false, { ...measured, learned: true }).verdict).toBe('noDifference');
  const { verdict, because } = judge(claim, false, { ...measured, learned: false });
  expect(verdict).toBe('unresolved');
  expect(because).toContain('no oftener than by chance');
});
