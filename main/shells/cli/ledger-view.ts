// The ledger as lines: a row a claim.
import type { Claim, Estimate, Ledger, LedgerRow, Quoted, Verdict } from '../../api/ledger.ts';
import { duration, plural, printable, table } from './format.ts';

export const verdictWords: Record<Verdict, string> = {
  notRun: 'not run',
  running: 'running',
  failed: 'failed',
  unresolved: 'not resolved',
  agrees: 'agrees',
  otherSize: 'same direction, other size',
  sameDirection: 'same direction',
  oppositeDirection: 'opposite direction',
  difference: 'a difference',
  noDifference: 'no difference seen',
};

/** '+1.4' points of error, or '6.0x'. */
export function quoted(quote: Quoted | null, measure: Claim['measure']): string {
  if (quote === null) return '-';
  const sign = { exact: '', equal: '', over: '>', about: '~' }[quote.qualifier];
  if (measure === 'epochs') return quote.ratio === null ? 'worse' : `${sign}${quote.ratio.toFixed(1)}x`;
  return quote.top1 === null ? 'worse' : `${sign}${signed(quote.top1)}`;
}

/** Difference of errors in points. */
export function signed(fraction: number): string {
  const text = (fraction * 100).toFixed(1);
  return fraction > 0 && Number(text) !== 0 ? `+${text}` : text.replace('-0.0', '0.0');
}

export function measured(row: LedgerRow): { value: string; interval: string } {
  if (row.ratioAtLeast !== null) return { value: `>${row.ratioAtLeast.toFixed(1)}x`, interval: '' };
  if (row.ratio !== null) return shown(row.ratio, (value) => `${value.toFixed(2)}x`);
  return row.top1 === null ? { value: '-', interval: '' } : shown(row.top1, signed);
}

function shown({ mean, low, high }: Estimate, text: (value: number) => string) {
  return {
    value: text(mean),
    interval: low === null || high === null ? '' : `${text(low)} to ${text(high)}`,
  };
}

export function ledgerLines(claims: readonly Claim[], ledger: Ledger): string[] {
  const rows = ledger.rows.flatMap((row) => {
    const claim = claims.find(({ id }) => id === row.claim);
    if (claim === undefined) return [];
    const { value, interval } = measured(row);
    return [
      [
        claim.id,
        claim.change,
        quoted(claim.paper, claim.measure),
        quoted(claim.author, claim.measure),
        value,
        interval,
        `${row.done}/${row.wanted}`,
        verdictWords[row.verdict],
      ],
    ];
  });
  const { time, comparability } = ledger;
  const left = time.runsMissing + time.evaluationsMissing === 0 ? '' : missingWords(ledger);
  return [
    ...table(ledgerColumns, rows),
    '',
    'Points of top-1 error that the change costs; x: times as many epochs to 25 % training error.',
    printable(comparability.why),
    ...(left === '' ? [] : [left]),
  ];
}

const ledgerColumns = [
  { title: 'row' },
  { title: 'change' },
  { title: 'paper', align: 'right' },
  { title: 'author', align: 'right' },
  { title: 'ours', align: 'right' },
  { title: '95 % interval' },
  { title: 'seeds', align: 'right' },
  { title: 'verdict' },
] as const;

/** Rows of which nothing was run. */
export function claimLines(claims: readonly Claim[]): string[] {
  return table(
    [
      { title: 'row' },
      { title: 'claim' },
      { title: 'change' },
      { title: 'paper', align: 'right' },
      { title: 'author', align: 'right' },
      { title: 'measured on' },
      { title: 'source' },
    ],
    claims.map((claim) => [
      claim.id,
      claim.title,
      claim.change,
      quoted(claim.paper, claim.measure),
      quoted(claim.author, claim.measure),
      claim.paper?.measuredOn ?? claim.author?.measuredOn ?? '-',
      [claim.paper?.source, claim.author?.source].filter((source) => source !== undefined).join('; ') || '-',
    ]),
  );
}

export function missingWords({ time }: Pick<Ledger, 'time'>): string {
  const what = `${plural(time.runsMissing, 'run')} and ${plural(time.evaluationsMissing, 'evaluation')} missing`;
  return time.remainingMs === null
    ? `${what}; how long they take is known once the first has trained`
    : `${what}, about ${duration(time.remainingMs)}`;
}
