// What the counts of calibration say: how sure the answers of a bin were, and how many of them were right.
import { bins } from '../../api/calibration.ts';
import type { CalibrationBin } from '../../api/operations/evaluations.ts';

/** `error`: the expected calibration error, the mean distance of probability and accuracy over the answers. */
export function calibrate(counts: readonly (readonly [number, number, number])[]): {
  bins: CalibrationBin[];
  error: number;
} {
  const total = counts.reduce((sum, [images]) => sum + images, 0);
  let error = 0;
  const found = counts.map(([images, probabilities, right], bin): CalibrationBin => {
    const probability = images === 0 ? null : probabilities / images;
    const accuracy = images === 0 ? null : right / images;
    if (probability !== null && accuracy !== null)
      error += (images / total) * Math.abs(probability - accuracy);
    return { from: bin / bins, to: (bin + 1) / bins, images, probability, accuracy };
  });
  return { bins: found, error };
}
