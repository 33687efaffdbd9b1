// What a confusion table says: per class and about the pairs that are mistaken for each other.
import type { EvaluationSummary } from '../../api/evaluation.ts';

export interface ClassResult {
  label: number;
  name: string;
  images: number;
  /** Fractions 0..1; null where the split has no image of the class. */
  top1Error: number | null;
  top5Error: number | null;
  /** Share of the answers 'this class' that are right; null where it was never answered. */
  precision: number | null;
  /** The class that it is most often taken for. */
  mistakenFor: { label: number; name: string; count: number } | null;
}

export interface ConfusedPair {
  true: number;
  answered: number;
  trueName: string;
  answeredName: string;
  count: number;
  /** Share of the true class's images. */
  share: number;
}

/** One row a class, in class order. */
export function classResults(summary: EvaluationSummary, names: readonly string[]): ClassResult[] {
  const hits = new Float64Array(names.length);
  const answered = new Float64Array(names.length);
  const worst: (readonly [label: number, count: number] | undefined)[] = names.map(() => undefined);
  for (const [truth, answer, count] of summary.confusion) {
    answered[answer] = (answered[answer] ?? 0) + count;
    if (truth === answer) hits[truth] = count;
    else if (count > (worst[truth]?.[1] ?? 0)) worst[truth] = [answer, count];
  }
  return names.map((name, label) => {
    const images = summary.classImages[label] ?? 0;
    const mistaken = worst[label];
    const answers = answered[label] ?? 0;
    return {
      label,
      name,
      images,
      top1Error: images === 0 ? null : 1 - (hits[label] ?? 0) / images,
      top5Error: images === 0 ? null : 1 - (summary.classTop5Hits[label] ?? 0) / images,
      precision: answers === 0 ? null : (hits[label] ?? 0) / answers,
      mistakenFor:
        mistaken === undefined
          ? null
          : { label: mistaken[0], name: names[mistaken[0]] ?? '', count: mistaken[1] },
    };
  });
}

/** The pairs with the most mistakes, the larger share first among equals. */
export function confusedPairs(
  summary: EvaluationSummary,
  names: readonly string[],
  limit: number,
): ConfusedPair[] {
  return summary.confusion
    .filter(([truth, answer]) => truth !== answer)
    .map(([truth, answer, count]) => ({
      true: truth,
      answered: answer,
      trueName: names[truth] ?? String(truth),
      answeredName: names[answer] ?? String(answer),
      count,
      share: count / (summary.classImages[truth] || 1),
    }))
    .sort((a, b) => b.count - a.count || b.share - a.share || a.true - b.true || a.answered - b.answered)
    .slice(0, limit);
}
