// How an imported model's pixels become its input. People say input = (pixel * scale - mean) / std; the engine
// computes (pixel - mean') * gain, which is the same with mean' = mean / scale and gain = scale / std.
import { AppError } from '../api/errors.ts';
import type { ModelPreprocessing } from '../api/models.ts';
import type { DescribedModel, ModelDescription } from './model-metadata.ts';

export interface ScaleOptions {
  /** Subtracted from the scaled pixel. */
  mean?: [number, number, number];
  /** What is left is divided by this. */
  std?: [number, number, number];
  /** Pixel values 0..255 are multiplied by this first. */
  scale?: number;
}

type Triple = [number, number, number];

/** The mean colour of ImageNet's training photos, 0..255 (the original code's). */
const imagenetMean: Triple = [127.305, 119.715, 104.913];

interface Scaling {
  scale: number;
  mean: Triple;
  std: Triple;
}

/** What a preset's published weights were trained with. */
function defaultScaling(preset: string): Scaling {
  if (preset === 'owt-2014')
    return { scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
  return { scale: 1, mean: imagenetMean, std: [1, 1, 1] };
}

/**
 * Options come before what the file says, which comes before the preset's default. Throws INVALID_ARGUMENT for a
 * scale or deviation that cannot be.
 */
export function describePreprocessing(
  options: ScaleOptions,
  preset: string,
  cropSize: number,
  own: ModelDescription | undefined,
): { preprocessing: DescribedModel['preprocessing']; meanImage: Uint8Array | undefined } {
  const given = options.mean !== undefined || options.std !== undefined || options.scale !== undefined;
  if (own !== undefined && !given) {
    return { preprocessing: own.model.preprocessing, meanImage: own.meanImage };
  }
  return {
    preprocessing: toPreprocessing({ ...defaultScaling(preset), ...options }, cropSize),
    meanImage: undefined,
  };
}

function toPreprocessing(
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
