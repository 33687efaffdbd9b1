import { describe, expect, it } from 'vitest';
import type { Claim, LedgerRow } from '../../../../main/api/ledger.ts';
import { errorAxis, type LedgerLine, marksOf, placeOn, ratioAxis } from './delta-axis.ts';

function line(
  top1: { mean: number; low: number; high: number } | null,
  changes: Partial<Claim> = {},
): LedgerLine {
  const side = { title: '', recipe: '', runs: [], top1Error: null, top5Error: null, epochs: null };
  const estimate = {
    values: [],
    spread: null,
    seedError: null,
    imageError: null,
    standardError: null,
    degrees: null,
  };
  const claim: Claim = {
    id: 'lrn',
    group: 'paper',
    title: '',
    change: '',
    measure: 'error',
    crops: 10,
    expected: 'worse',
    paper: { top1: 0.014, top5: 0.012, ratio: null, qualifier: 'exact', source: 'P', measuredOn: '' },
    author: null,
    baselineTitle: '',
    variantTitle: '',
    note: '',
    ...changes,
  };
  const row: LedgerRow = {
    claim: claim.id,
    baseline: side,
    variant: side,
    top1: top1 && { ...estimate, ...top1 },
    top5: null,
    ratio: null,
    ratioAtLeast: null,
    toPaper: null,
    toAuthor: null,
    verdict: 'unresolved',
    because: '',
    done: 1,
    wanted: 1,
    progress: 1,
  };
  return { claim, row };
}

describe('the shared axis', () => {
  it('holds 0, what is quoted and what was measured, with round ticks', () => {
    const { from, to, ticks } = errorAxis([line({ mean: 0.03, low: -0.012, high: 0.071 })]);
    expect([from, to]).toEqual([-0.02, 0.08]);
    expect(ticks).toEqual([-0.02, 0, 0.02, 0.04, 0.06, 0.08].map((one) => expect.closeTo(one)));
  });

  it('is not stretched by one wild interval', () => {
    const { to } = errorAxis([line({ mean: 0.05, low: -0.9, high: 0.9 })]);
    expect(to).toBeCloseTo(0.15);
  });

  it('is there before anything was measured', () => {
    const { from, to } = errorAxis([line(null)]);
    expect(from).toBeLessThan(0);
    expect(to).toBeGreaterThan(0.014);
  });
});

describe('places', () => {
  it('are shares of the width, at the edge where a value lies beyond', () => {
    const axis = { from: -0.1, to: 0.1, ticks: [] };
    expect(placeOn(axis, 0)).toEqual({ at: 50, beyond: false });
    expect(placeOn(axis, 0.3)).toEqual({ at: 100, beyond: true });
  });

  it('of ratios are on an axis of their own, a lower bound as such', () => {
    const paper = {
      top1: null,
      top5: null,
      ratio: 6,
      qualifier: 'exact',
      source: 'P',
      measuredOn: '',
    } as const;
    const slow = line(null, { measure: 'epochs', paper });
    const marks = marksOf({ ...slow, row: slow.row && { ...slow.row, ratioAtLeast: 2.5 } });
    expect(marks).toMatchObject({ neutral: 1, paper: 6, atLeast: true, ours: { mean: 2.5, low: null } });
    expect(ratioAxis(marks).to).toBe(7);
  });
});
