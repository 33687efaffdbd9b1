// Opens a net that answers: a predictor with a model's tensors and its preprocessing.
import { readFileSync, statSync } from 'node:fs';
import { AppError } from '../api/errors.ts';
import type { NativePredictor, PredictorOptions, PreprocessingOptions } from './addon.ts';
import type { JobContext } from './job.ts';
import { loadTensors } from './load-tensors.ts';
import type { ModelPreprocessing, ModelSource } from './protocol.ts';

const meanImageBytes = 256 * 256 * 3 * 4;

/** 256*256*3 little-endian floats. Throws NOT_FOUND or INVALID_MODEL. */
function readMeanImage(file: string): Float32Array {
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  if (size === undefined) {
    throw new AppError('NOT_FOUND', `The mean image ${file} is gone; the model cannot be used without it.`, {
      path: file,
    });
  }
  if (size !== meanImageBytes) {
    throw new AppError(
      'INVALID_MODEL',
      `The mean image ${file} is damaged: it has ${size} bytes instead of ${meanImageBytes}.`,
      { path: file },
    );
  }
  // A copy of its own, since Node's small buffers share memory at any alignment.
  return new Float32Array(new Uint8Array(readFileSync(file)).buffer);
}

export function preprocessingOptions(preprocessing: ModelPreprocessing): PreprocessingOptions {
  const { cropSize, mean, meanFollowsCrop, gain, meanRgb, meanImageFile } = preprocessing;
  const options: PreprocessingOptions = { cropSize, mean, meanFollowsCrop, gain };
  if (mean === 'none') return options;
  if (mean === 'rgb') {
    if (meanRgb === undefined)
      throw new AppError('INVALID_MODEL', 'The model names no mean RGB to subtract.');
    return { ...options, meanValues: Float32Array.from(meanRgb) };
  }
  if (meanImageFile === undefined) {
    throw new AppError('INVALID_MODEL', 'The model names no mean image to subtract.');
  }
  return { ...options, meanValues: readMeanImage(meanImageFile) };
}

export interface PredictorSetup
  extends Pick<PredictorOptions, 'netJson' | 'devices' | 'precision' | 'threads' | 'batch' | 'views'> {
  model: ModelSource;
  preprocessing: ModelPreprocessing;
}

/** A predictor with every tensor loaded. */
export async function openPredictor(setup: PredictorSetup, context: JobContext): Promise<NativePredictor> {
  const { netJson, devices, precision, threads, batch, views = false } = setup;
  const preprocessing = preprocessingOptions(setup.preprocessing);
  const stored = context.storage.openModel(setup.model);
  try {
    const predictor = await context.addon.createPredictor({
      netJson,
      preprocessing,
      devices,
      precision,
      threads,
      batch,
      views,
    });
    try {
      await loadTensors(predictor, stored);
    } catch (error) {
      await predictor.close();
      throw error;
    }
    return predictor;
  } finally {
    stored.close();
  }
}
