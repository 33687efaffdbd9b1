// How an imported model's pixels become its input. People say input = (pixel * scale - mean) / std; the engine
// computes (pixel - mean') * gain, which is the same with mean' = mean / scale and gain = scale / std.
import { AppError } from '../api/errors.ts';
import type { ModelPreprocessing } from '../api/models.ts';

type Triple = [number, number, number];

export interface Scaling {
  /** Pixel values 0..255 are multiplied by this first. */
  scale: number;
  /** Subtracted from the scaled pixel. */
  mean: Triple;
  /** What is left is divided by this. */
  std: Triple;
}

/** Throws INVALID_ARGUMENT for a scale or deviation that cannot be. */
export function toPreprocessing(
  { scale, mean, std }: Scaling,
  cropSize: number,
): Omit<ModelPreprocessing, 'meanImageFile'> {
  if (!(scale > 0)) throw new AppError('INVALID_ARGUMENT', `the scale must be above 0, not ${scale}`);
  if (std.some((deviation) => !(deviation > 0))) {
    throw new AppError('INVALID_ARGUMENT', `the deviations must be above 0, not ${std.join(',')}`);
  }
  const divide = (value: number) => value / scale;
  const gain = (deviation: number) => scale / deviation;
  return {
    cropSize,
    mean: 'rgb',
    meanFollowsCrop: true,
    meanRgb: [divide(mean[0]), divide(mean[1]), divide(mean[2])],
    gain: [gain(std[0]), gain(std[1]), gain(std[2])],
  };
}

/** The other way round, on the 0..255 scale; where an image is subtracted its place is taken by zeros. */
export function toScaling({ meanRgb, gain }: Pick<ModelPreprocessing, 'meanRgb' | 'gain'>): Scaling {
  return { scale: 1, mean: meanRgb ?? [0, 0, 0], std: [1 / gain[0], 1 / gain[1], 1 / gain[2]] };
}
