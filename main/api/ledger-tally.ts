// The ledger in one look: which of the paper's claims hold, which do not, which are undecided or were not measured.
import type { Claim, Verdict } from './ledger.ts';

export type TallyKey = 'holds' | 'against' | 'undecided' | 'unclaimed' | 'missing';

export interface TallyGroup {
  key: TallyKey;
  title: string;
  /** Titles, in the ledger's order. */
  claims: string[];
}

const titles: Record<TallyKey, string> = {
  holds: 'Holds here',
  against: 'The other way here',
  undecided: 'Undecided',
  unclaimed: 'Measured, nothing claimed',
  missing: 'Not measured',
};

const groupOf: Record<Verdict, TallyKey> = {
  agrees: 'holds',
  sameDirection: 'holds',
  otherSize: 'holds',
  oppositeDirection: 'against',
  unresolved: 'undecided',
  difference: 'unclaimed',
  noDifference: 'unclaimed',
  notRun: 'missing',
  running: 'missing',
  stopped: 'missing',
  failed: 'missing',
};

/** Groups without a claim are left out. */
export function tally(rows: readonly { claim: Pick<Claim, 'title'>; verdict: Verdict }[]): TallyGroup[] {
  const keys = Object.keys(titles) as TallyKey[];
  return keys.flatMap((key) => {
    const claims = rows.filter(({ verdict }) => groupOf[verdict] === key).map(({ claim }) => claim.title);
    return claims.length === 0 ? [] : [{ key, title: titles[key], claims }];
  });
}

/** 'Holds here (2): Overlapping pooling, Five nets.' a group. */
export function tallyLines(groups: readonly TallyGroup[]): string[] {
  return groups.map(({ title, claims }) => `${title} (${claims.length}): ${claims.join(', ')}.`);
}
