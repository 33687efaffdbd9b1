// The ledger's numbers and verdicts in words: the same on the screen, on the command line and in files.
import type { Claim, Estimate, LedgerRow, Quoted, Verdict } from './ledger.ts';

export const verdictWords: Record<Verdict, string> = {
  notRun: 'not run',
  running: 'running',
  stopped: 'stopped',
  failed: 'failed',
  unresolved: 'undecided',
  agrees: 'agrees',
  otherSize: 'same direction, other size',
  sameDirection: 'same direction',
  oppositeDirection: 'opposite direction',
  difference: 'a difference',
  noDifference: 'no difference seen',
};

/** A difference of errors in points, with its sign: '+1.4'. */
export function points(fraction: number): string {
  const text = (fraction * 100).toFixed(1);
  if (Number(text) === 0) return '0.0';
  return fraction > 0 ? `+${text}` : text;
}

/** What is quoted: '+1.4', '>+1.0', '6.0x'; 'worse' where there is no number. */
export function quotedWords(quote: Quoted | null, measure: Claim['measure']): string {
  if (quote === null) return '-';
  const sign = { exact: '', equal: '', over: '>', about: '~' }[quote.qualifier];
  if (measure === 'epochs') return quote.ratio === null ? 'worse' : `${sign}${quote.ratio.toFixed(1)}x`;
  return quote.top1 === null ? 'worse' : `${sign}${points(quote.top1)}`;
}

/** What was measured here, and its 95 % interval; empty where there is none. */
export function measuredWords(row: LedgerRow): { value: string; interval: string } {
  if (row.ratioAtLeast !== null) return { value: `>${row.ratioAtLeast.toFixed(1)}x`, interval: '' };
  if (row.ratio !== null) return shown(row.ratio, (value) => `${value.toFixed(2)}x`);
  return row.top1 === null ? { value: '-', interval: '' } : shown(row.top1, points);
}

function shown({ mean, low, high }: Estimate, text: (value: number) => string) {
  return {
    value: text(mean),
    interval: low === null || high === null ? '' : `${text(low)} to ${text(high)}`,
  };
}

/** A row's cells: what the paper and its author quote, what was measured here and what that says. */
export interface RowWords {
  title: string;
  change: string;
  paper: string;
  author: string;
  ours: string;
  interval: string;
  /** '2/3': done of wanted. */
  seeds: string;
  verdict: string;
}

export function rowWords(claim: Claim, row: LedgerRow): RowWords {
  const { value, interval } = measuredWords(row);
  return {
    title: claim.title,
    change: claim.change,
    paper: quotedWords(claim.paper, claim.measure),
    author: quotedWords(claim.author, claim.measure),
    ours: value,
    interval,
    seeds: `${row.done}/${row.wanted}`,
    verdict: verdictWords[row.verdict],
  };
}
