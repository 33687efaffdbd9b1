// Whether a row agrees with what is claimed, and by which arithmetic.
import type { Claim, Estimate, LedgerRow, Verdict } from '../../api/ledger.ts';
import { points } from '../../api/ledger-words.ts';

const times = (value: number) => (value < 9.95 ? value.toFixed(1) : value.toFixed(0));

export interface Judged {
  verdict: Verdict;
  because: string;
}

type Measured = Pick<LedgerRow, 'top1' | 'ratio' | 'ratioAtLeast' | 'done' | 'wanted'> & {
  /** Runs that ended without a result, in words; empty: none. */
  broken: string;
  /** Whether all that is broken goes on where it was stopped. */
  goesOn: boolean;
  /** Some run waits or trains. */
  underWay: boolean;
  /** False: all nets of both sides are right no oftener than by chance. */
  learned: boolean;
  images: number;
};

export function judge(claim: Claim, comparable: boolean, measured: Measured): Judged {
  const { broken, done, wanted, underWay } = measured;
  const value = claim.measure === 'epochs' ? measured.ratio : measured.top1;
  if (value === null) return withoutValue(claim, measured);
  const neutral = claim.measure === 'epochs' ? 1 : 0;
  const rest = [
    ...(done < wanted ? [`${done} of ${wanted} seeds${underWay ? ' so far' : ''}.`] : []),
    ...(broken === '' ? [] : [broken]),
  ].join(' ');
  const how = [arithmetic(claim, value, measured.images), rest].filter((part) => part !== '').join(' ');
  if (!measured.learned) {
    const because =
      'All nets of both sides are right no oftener than by chance: they have not begun to learn. More epochs, another rate or wider nets are needed.';
    return { verdict: 'unresolved', because: [because, rest].filter((part) => part !== '').join(' ') };
  }
  const { low, high } = value;
  if (low === null || high === null) return { verdict: 'unresolved', because: how };
  if (low <= neutral && high >= neutral) {
    const verdict = claim.expected === 'worse' ? 'unresolved' : 'noDifference';
    return { verdict, because: how };
  }
  if (claim.expected !== 'worse') return { verdict: 'difference', because: how };
  if (high < neutral) return { verdict: 'oppositeDirection', because: how };
  return { verdict: comparable ? sizeVerdict(claim, low, high) : 'sameDirection', because: how };
}

function withoutValue(claim: Claim, { ratioAtLeast, broken, goesOn, underWay, done }: Measured): Judged {
  if (ratioAtLeast !== null && done > 0) {
    const because = `${claim.baselineTitle} got to 25 % training error, ${claim.variantTitle} did not within the run: at least ${times(ratioAtLeast)} times as many epochs. ${broken}`;
    return { verdict: ratioAtLeast > 1 ? 'sameDirection' : 'unresolved', because: because.trim() };
  }
  if (underWay) return { verdict: 'running', because: broken };
  if (broken !== '') return { verdict: goesOn ? 'stopped' : 'failed', because: broken };
  if (done > 0) {
    return {
      verdict: 'unresolved',
      because: `${claim.baselineTitle} did not get to 25 % training error within the run.`,
    };
  }
  return { verdict: 'notRun', because: '' };
}

/** At the paper's own scale: does its number lie within our interval? */
function sizeVerdict(claim: Claim, low: number, high: number): Verdict {
  const quoted = claim.author ?? claim.paper;
  const theirs = claim.measure === 'epochs' ? claim.paper?.ratio : quoted?.top1;
  if (theirs === undefined || theirs === null) return 'sameDirection';
  if (quoted?.qualifier === 'over') return high >= theirs ? 'agrees' : 'otherSize';
  return low <= theirs && high >= theirs ? 'agrees' : 'otherSize';
}

function arithmetic(claim: Claim, value: Estimate, images: number): string {
  const { low, high, seedError, imageError, degrees } = value;
  const ratio = claim.measure === 'epochs';
  const show = ratio ? (x: number) => `${x.toFixed(2)}x` : (x: number) => `${points(x)} points`;
  if (low === null || high === null) {
    const image =
      imageError === null
        ? ''
        : `; the images alone give a standard error of ${(imageError * 100).toFixed(1)} points`;
    return `One seed tells nothing of the spread between seeds${image}. More seeds are needed.`;
  }
  const parts = [
    ...(seedError === null || claim.measure === 'ensemble'
      ? []
      : [
          ratio
            ? `${(seedError * 100).toFixed(1)} % between seeds`
            : `${(seedError * 100).toFixed(1)} between seeds`,
        ]),
    ...(imageError === null
      ? []
      : [`${(imageError * 100).toFixed(1)} of ${images.toLocaleString('en-US')} images`]),
  ];
  return `${show(value.mean)}, 95 % interval ${show(low)} to ${show(high)}: standard errors ${parts.join(' and ')}${
    degrees === null
      ? ''
      : `, Student’s t with ${degrees < 100 ? degrees.toFixed(1) : 'over 100'} degrees of freedom`
  }.`;
}
