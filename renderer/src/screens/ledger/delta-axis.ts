// The one axis that the rows of the ledger share, and where their marks lie on it.
import type { Claim, LedgerRow } from '../../../../main/api/ledger.ts';

export interface LedgerLine {
  claim: Claim;
  /** Null: not part of the plan, or there is none. */
  row: LedgerRow | null;
}

/** What is drawn of a row: differences of errors as fractions, or ratios. */
export interface Marks {
  neutral: number;
  paper: number | null;
  author: number | null;
  ours: { mean: number; low: number | null; high: number | null } | null;
  /** Ours is a lower bound. */
  atLeast: boolean;
}

export interface Axis {
  from: number;
  to: number;
  ticks: number[];
}

export function marksOf({ claim, row }: LedgerLine): Marks {
  if (claim.measure === 'epochs') {
    const bound = row?.ratioAtLeast ?? null;
    const ours = bound === null ? (row?.ratio ?? null) : { mean: bound, low: null, high: null };
    return { neutral: 1, paper: claim.paper?.ratio ?? null, author: null, ours, atLeast: bound !== null };
  }
  return {
    neutral: 0,
    paper: claim.paper?.top1 ?? null,
    author: claim.author?.top1 ?? null,
    ours: row?.top1 ?? null,
    atLeast: false,
  };
}

/** Beyond this an interval runs out of the picture: one wild row must not flatten all others. */
const widest = 0.15;
const steps = [0.005, 0.01, 0.02, 0.05];
const mostTicks = 9;

/** Of all rows that measure errors: 0, every number that is told, and the intervals as far as they are sensible. */
export function errorAxis(lines: readonly LedgerLine[]): Axis {
  const values = lines
    .filter(({ claim }) => claim.measure !== 'epochs')
    .flatMap((line) => {
      const { paper, author, ours } = marksOf(line);
      return [paper, author, ours?.mean, ours?.low, ours?.high];
    })
    .filter((value) => typeof value === 'number');
  const least = Math.max(-widest, Math.min(-0.005, ...values));
  const most = Math.min(widest, Math.max(0.025, ...values));
  // A value on a tick (but for rounding) is the end of the axis itself.
  const ends = (step: number) => ({
    first: Math.floor(least / step + 1e-9),
    last: Math.ceil(most / step - 1e-9),
  });
  const fits = (step: number) => ends(step).last - ends(step).first < mostTicks;
  const step = steps.find(fits) ?? 0.05;
  const { first, last } = ends(step);
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => rounded((first + i) * step));
  return { from: rounded(first * step), to: rounded(last * step), ticks };
}

const rounded = (value: number) => Math.round(value * 1e6) / 1e6;

/** Of a row that measures ratios, by itself. */
export function ratioAxis(marks: Marks): Axis {
  const all = [1, marks.paper, marks.ours?.mean, marks.ours?.high].filter((one) => typeof one === 'number');
  const to = Math.ceil(Math.max(2, ...all) + 0.2);
  const from = Math.floor(Math.min(1, marks.ours?.low ?? 1, marks.ours?.mean ?? 1) * 2) / 2;
  return { from, to, ticks: [1, to] };
}

/** Per cent of the width, kept on the picture; and whether it lies beyond. */
export function placeOn({ from, to }: Axis, value: number): { at: number; beyond: boolean } {
  const at = ((value - from) / (to - from)) * 100;
  return { at: Math.min(100, Math.max(0, at)), beyond: at < 0 || at > 100 };
}
