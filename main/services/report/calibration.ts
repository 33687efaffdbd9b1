// Calibration: of the answers given with a probability, how many are right.
import type { CalibrationBin } from '../../api/operations/evaluations.ts';

export const bins = 15;

/** Which bin a probability falls into; 1 belongs to the last. */
export function binOf(probability: number): number {
  return Math.min(bins - 1, Math.max(0, Math.floor(probability * bins)));
}

/** One entry an image: the probability of its answer, and whether that is right. */
export function calibrate(answers: Iterable<{ probability: number; right: boolean }>): {
  bins: CalibrationBin[];
  error: number;
} {
  const images = new Float64Array(bins);
  const probability = new Float64Array(bins);
  const right = new Float64Array(bins);
  let total = 0;
  for (const answer of answers) {
    const bin = binOf(answer.probability);
    images[bin] = (images[bin] ?? 0) + 1;
    probability[bin] = (probability[bin] ?? 0) + answer.probability;
    if (answer.right) right[bin] = (right[bin] ?? 0) + 1;
    total++;
  }
  let error = 0;
  const found = Array.from(images, (count, bin): CalibrationBin => {
    const said = count === 0 ? null : (probability[bin] ?? 0) / count;
    const accuracy = count === 0 ? null : (right[bin] ?? 0) / count;
    if (said !== null && accuracy !== null) error += (count / total) * Math.abs(said - accuracy);
    return { from: bin / bins, to: (bin + 1) / bins, images: count, probability: said, accuracy };
  });
  return { bins: found, error };
}
