// Two evaluations of the same images, image by image: which of them each has right.
import { AppError } from '../api/errors.ts';
import type { Evaluation } from '../api/evaluation.ts';
import { type Answers, answersKept, isRight } from '../api/evaluation-answers.ts';
import type { ComparedCell, ComparedClass, EvaluationComparison } from '../api/operations/evaluations.ts';
import { csvRow } from './report/evaluation-tables.ts';
import { explainMcnemar, mcnemar } from './report/mcnemar.ts';

export interface Compared {
  evaluation: Evaluation;
  title: string;
  answers: Answers;
}

/** Throws INVALID_ARGUMENT where they are not of the same images. */
export function checkComparable(a: Compared, b: Compared): void {
  const [one, other] = [a.evaluation, b.evaluation];
  const where = ({ datasetName, split, images }: Evaluation) =>
    `${split === 'val' ? 'validation' : 'training'} split of ${datasetName}, ${images} images`;
  const same = one.datasetId !== null && one.datasetId === other.datasetId && one.split === other.split;
  if (!same || one.images !== other.images) {
    throw new AppError(
      'INVALID_ARGUMENT',
      `evaluations are compared image by image only where they are of the same images: one is of the ${where(one)}, the other of the ${where(other)}`,
    );
  }
  const moved = a.answers.labels.some((label, image) => {
    const second = b.answers.labels[image] ?? -1;
    return label >= 0 && second >= 0 && label !== second;
  });
  if (moved) {
    throw new AppError(
      'INVALID_ARGUMENT',
      `data set ${one.datasetName} was packed anew between the two evaluations: their images are not the same`,
    );
  }
}

export function cellOf(a: Answers, b: Answers, image: number): ComparedCell {
  const [first, second] = [isRight(a, image), isRight(b, image)];
  if (first) return second ? 'both' : 'onlyA';
  return second ? 'onlyB' : 'neither';
}

/** Counts of the four cells and what they mean; per class, where most differs first. */
export function compareEvaluations(a: Compared, b: Compared, names: readonly string[]): EvaluationComparison {
  checkComparable(a, b);
  const counts = { both: 0, onlyA: 0, onlyB: 0, neither: 0 };
  const classes = new Map<number, ComparedClass>();
  for (let image = 0; image < a.answers.images; image++) {
    const cell = cellOf(a.answers, b.answers, image);
    counts[cell]++;
    const label = labelOf(a, b, image);
    if (label < 0) continue;
    const name = names[label] ?? `class ${label}`;
    const own = classes.get(label) ?? { label, name, both: 0, onlyA: 0, onlyB: 0, neither: 0 };
    own[cell]++;
    classes.set(label, own);
  }
  const { onlyA, onlyB } = counts;
  return {
    a: { ...a.evaluation, title: a.title },
    b: { ...b.evaluation, title: b.title },
    counts,
    probability: mcnemar(onlyA, onlyB),
    meaning: explainMcnemar('A', 'B', onlyA, onlyB),
    classes: [...classes.values()].sort(
      (x, y) => Math.abs(y.onlyA - y.onlyB) - Math.abs(x.onlyA - x.onlyB) || x.label - y.label,
    ),
  };
}

function labelOf(a: Compared, b: Compared, image: number): number {
  const label = a.answers.labels[image] ?? -1;
  return label >= 0 ? label : (b.answers.labels[image] ?? -1);
}

/** The images of a cell, of one class where it is given, the most disputed first: where the two are surest. */
export function imagesOfCell(
  a: Compared,
  b: Compared,
  { cell, label }: { cell: ComparedCell; label?: number | undefined },
): number[] {
  const surety = ({ answers }: Compared, image: number) => answers.top5Probability[image * answersKept] ?? 0;
  const found: number[] = [];
  for (let image = 0; image < a.answers.images; image++) {
    if (cellOf(a.answers, b.answers, image) !== cell) continue;
    if (label === undefined || labelOf(a, b, image) === label) found.push(image);
  }
  return found.sort((x, y) => surety(a, y) + surety(b, y) - surety(a, x) - surety(b, x) || x - y);
}

/** One row an image, in pack order. */
export function comparisonCsv(
  a: Compared,
  b: Compared,
  names: readonly string[],
  paths: Iterable<string>,
): string {
  checkComparable(a, b);
  const head = ['record', 'file', 'true class', 'right'];
  const each = (which: string) => [
    `answer of ${which}`,
    `its probability, ${which}`,
    `probability of the truth, ${which}`,
  ];
  const rows = [csvRow([...head, ...each('A'), ...each('B')])];
  const path = paths[Symbol.iterator]();
  const words: Record<ComparedCell, string> = {
    both: 'both',
    onlyA: 'only A',
    onlyB: 'only B',
    neither: 'neither',
  };
  for (let image = 0; image < a.answers.images; image++) {
    const label = labelOf(a, b, image);
    const answer = ({ answers }: Compared) => [
      names[answers.top5[image * answersKept] ?? -1] ?? '',
      answers.top5Probability[image * answersKept] ?? 0,
      answers.trueProbability[image] ?? 0,
    ];
    rows.push(
      csvRow([
        image,
        path.next().value ?? '',
        label < 0 ? '' : (names[label] ?? String(label)),
        words[cellOf(a.answers, b.answers, image)],
        ...answer(a),
        ...answer(b),
      ]),
    );
  }
  return rows.join('');
}
