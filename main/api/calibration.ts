// Calibration: of the answers given with a probability, how many are right. Counted once, where the answers are made.
import { type Answers, answersKept, isRight } from './evaluation-answers.ts';

export const bins = 15;

/** Which bin a probability falls into; 1 belongs to the last. */
export function binOf(probability: number): number {
  return Math.min(bins - 1, Math.max(0, Math.floor(probability * bins)));
}

/** A bin each: [answers, sum of their probabilities, right ones]. */
export function countCalibration(answers: Answers): [number, number, number][] {
  const counts = Array.from({ length: bins }, (): [number, number, number] => [0, 0, 0]);
  for (let image = 0; image < answers.images; image++) {
    const probability = answers.top5Probability[image * answersKept] ?? 0;
    const bin = counts[binOf(probability)];
    if (bin === undefined) continue;
    bin[0]++;
    bin[1] += probability;
    if (isRight(answers, image)) bin[2]++;
  }
  return counts;
}
