// The ledger as lines: a row a claim.
import type { Claim, Ledger } from '../../api/ledger.ts';
import { tally, tallyLines } from '../../api/ledger-tally.ts';
import { quotedWords, rowWords } from '../../api/ledger-words.ts';
import { duration, plural, printable, table } from './format.ts';

export function ledgerLines(claims: readonly Claim[], ledger: Ledger): string[] {
  const known = ledger.rows.flatMap((row) => {
    const claim = claims.find(({ id }) => id === row.claim);
    return claim === undefined ? [] : [{ claim, row, verdict: row.verdict }];
  });
  const rows = known.map(({ claim, row }) => {
    const { change, paper, author, ours, interval, seeds, verdict } = rowWords(claim, row);
    return [claim.id, change, paper, author, ours, interval, seeds, verdict];
  });
  const { time, comparability } = ledger;
  const left = time.runsMissing + time.evaluationsMissing === 0 ? '' : missingWords(ledger);
  return [
    ...table(ledgerColumns, rows),
    '',
    ...tallyLines(tally(known)),
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
      quotedWords(claim.paper, claim.measure),
      quotedWords(claim.author, claim.measure),
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
