import { expect, it } from 'vitest';
import { verdictSchema } from './ledger.ts';
import { tally, tallyLines } from './ledger-tally.ts';

const row = (title: string, verdict: (typeof verdictSchema.options)[number]) => ({
  claim: { title },
  verdict,
});

it('groups claims by what was found, in the order of the ledger', () => {
  const groups = tally([
    row('Columns', 'unresolved'),
    row('Pooling', 'sameDirection'),
    row('Dropout', 'oppositeDirection'),
    row('Nets', 'agrees'),
    row('Tanh', 'notRun'),
  ]);
  expect(tallyLines(groups)).toEqual([
    'Holds here (2): Pooling, Nets.',
    'The other way here (1): Dropout.',
    'Undecided (1): Columns.',
    'Not measured (1): Tanh.',
  ]);
});

it('has a place for every verdict', () => {
  const groups = tally(verdictSchema.options.map((verdict) => row(verdict, verdict)));
  expect(groups.flatMap(({ claims }) => claims).sort()).toEqual([...verdictSchema.options].sort());
});
