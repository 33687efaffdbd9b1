// Whether imported weights do what their source says: measured errors beside published ones.
import type { Claim } from '../../api/models.ts';

export interface Measured {
  images: number;
  top1Error: number;
  top5Error: number;
  /** Which share of the model's classes the images are of; all by default. */
  matchedClasses?: number;
  classes?: number;
}

export interface SelfCheck extends Measured {
  claimedTop1Error: number;
  claimedTop5Error: number | null;
  /**
   * How far the errors may lie apart: two standard errors of so many images and, where they are of some classes alone,
   * of so few classes; and what other resizing does.
   */
  allowance: number;
  agrees: boolean;
  /** What to look at; empty where they agree. */
  advice: string;
}

/** Resizing photos in another way moves the error by about so much. */
const resizing = 0.015;
/** Some classes are easier than others: the standard deviation of AlexNet's errors over ImageNet's is about so much. */
const classSpread = 0.2;

export function compareWithClaim(
  measured: Measured,
  claim: Pick<Claim, 'top1Error' | 'top5Error'>,
): SelfCheck {
  const { images, top1Error, top5Error } = measured;
  const within = (found: number, claimed: number) => Math.abs(found - claimed) <= allowed(claimed, measured);
  const agrees =
    within(top1Error, claim.top1Error) && (claim.top5Error === null || within(top5Error, claim.top5Error));
  return {
    images,
    top1Error,
    top5Error,
    claimedTop1Error: claim.top1Error,
    claimedTop5Error: claim.top5Error,
    allowance: allowed(claim.top1Error, measured),
    agrees,
    advice: agrees ? '' : adviceFor(top1Error, claim.top1Error),
  };
}

function allowed(claimed: number, { images, classes = 1, matchedClasses = classes }: Measured): number {
  const ofImages = (claimed * (1 - claimed)) / Math.max(1, images);
  const ofClasses = (classSpread ** 2 * (1 - matchedClasses / classes)) / Math.max(1, matchedClasses);
  return 2 * Math.sqrt(ofImages + ofClasses) + resizing;
}

function adviceFor(found: number, claimed: number): string {
  if (found < claimed) return 'better than published: are these the photos that it was trained on?';
  if (found > 0.9)
    return 'no better than chance: is the order of the classes the one that the weights were trained with?';
  return 'worse than published: check the order of colours (--channels), mean, deviation and scale, and the form of the net (--preset)';
}
