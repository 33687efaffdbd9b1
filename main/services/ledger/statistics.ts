// The arithmetic of the ledger: means, pooled deviations between seeds, paired differences over images, and
// Student's t for their sum.
import type { Estimate } from '../../api/ledger.ts';

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function squares(values: readonly number[]): number {
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
}

/** Standard deviation of a sample; null of fewer than two. */
export function deviation(values: readonly number[]): number | null {
  return values.length < 2 ? null : Math.sqrt(squares(values) / (values.length - 1));
}

export interface PooledVariance {
  variance: number;
  degrees: number;
}

/**
 * One variance between seeds for several recipes, each about its own mean: two seeds a recipe say little, those of
 * all recipes together more. Null where no recipe has two.
 */
export function pooledVariance(groups: readonly (readonly number[])[]): PooledVariance | null {
  const several = groups.filter((group) => group.length >= 2);
  const degrees = several.reduce((sum, group) => sum + group.length - 1, 0);
  if (degrees === 0) return null;
  return { variance: several.reduce((sum, group) => sum + squares(group), 0) / degrees, degrees };
}

const normalQuantile95 = 1.959964;
/** Of the quarter circle: enough for four decimals of the quantile. */
const slices = 20_000;

/**
 * How far Student's t with so many degrees of freedom lies from 0 in 95 % of all cases. Degrees, at least 1, need not
 * be whole. With t = sqrt(degrees) tan(angle) its density is that of cos(angle)^(degrees - 1), which is summed.
 */
export function studentQuantile95(degrees: number): number {
  if (degrees > 10_000) return normalQuantile95;
  const width = Math.PI / 2 / slices;
  const density = Float64Array.from(
    { length: slices },
    (_, i) => Math.cos((i + 0.5) * width) ** (degrees - 1),
  );
  let left = 0.95 * density.reduce((sum, one) => sum + one, 0);
  let slice = 0;
  while (slice < slices && left > (density[slice] ?? 0)) left -= density[slice++] ?? 0;
  return Math.sqrt(degrees) * Math.tan((slice + left / (density[slice] ?? 1)) * width);
}

/** A variance of a mean, and with how many degrees of freedom it is known. */
export interface Share {
  variance: number;
  degrees: number;
}

/** Of a mean over images: the variance of the values divided by their number. */
export function shareOfImages(perImage: readonly number[] | Float64Array): Share | null {
  const n = perImage.length;
  if (n < 2) return null;
  let sum = 0;
  for (const value of perImage) sum += value;
  let variance = 0;
  for (const value of perImage) variance += (value - sum / n) ** 2;
  return { variance: variance / (n - 1) / n, degrees: n - 1 };
}

/**
 * The mean of `values` with the interval that two independent sources of chance allow: the seeds and the images.
 * Degrees of freedom after Welch and Satterthwaite. Without the seeds' share there is no interval.
 */
export function estimate(
  center: number,
  values: readonly number[],
  seeds: Share | null,
  images: Share | null,
): Estimate {
  const known = {
    mean: center,
    values: [...values],
    spread: deviation(values),
    seedError: seeds === null ? null : Math.sqrt(seeds.variance),
    imageError: images === null ? null : Math.sqrt(images.variance),
  };
  if (seeds === null) return { ...known, low: null, high: null, standardError: null, degrees: null };
  const shares = images === null ? [seeds] : [seeds, images];
  const variance = shares.reduce((sum, share) => sum + share.variance, 0);
  const weights = shares.reduce((sum, share) => sum + share.variance ** 2 / share.degrees, 0);
  const degrees = weights === 0 ? seeds.degrees : variance ** 2 / weights;
  const half = studentQuantile95(degrees) * Math.sqrt(variance);
  return {
    ...known,
    low: center - half,
    high: center + half,
    standardError: Math.sqrt(variance),
    degrees,
  };
}
