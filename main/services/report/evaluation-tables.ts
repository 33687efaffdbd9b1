// An evaluation as files for other programs: CSV with a row an image, JSON with everything.
import type { EvaluationDetail, EvaluationMember } from '../../api/evaluation.ts';
import { type Answers, answersKept, isRight } from '../../api/evaluation-answers.ts';
import { finiteOrNull } from '../../api/numbers.ts';
import type { ClassResult } from './confusion.ts';

/** A CSV field: quoted where it must be. What a spreadsheet would take for a formula gets an apostrophe. */
export function csvField(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function csvRow(values: readonly (string | number)[]): string {
  return `${values.map(csvField).join(',')}\r\n`;
}

/** One row an image, in pack order: file, truth, the five answers with their probabilities. `paths`: by record; empty
 * where they are gone. */
export function evaluationCsv(answers: Answers, names: readonly string[], paths: Iterable<string>): string {
  const ranks = Array.from({ length: Math.min(answersKept, names.length) }, (_, rank) => rank);
  const head = ['record', 'file', 'true class', 'probability of the true class', 'right'];
  const rows = [
    csvRow([...head, ...ranks.flatMap((rank) => [`answer ${rank + 1}`, `probability ${rank + 1}`])]),
  ];
  const path = paths[Symbol.iterator]();
  for (let record = 0; record < answers.images; record++) {
    const label = answers.labels[record] ?? -1;
    const kept = ranks.flatMap((rank) => {
      const place = record * answersKept + rank;
      return [names[answers.top5[place] ?? -1] ?? '', answers.top5Probability[place] ?? 0];
    });
    rows.push(
      csvRow([
        record,
        path.next().value ?? '',
        label < 0 ? '' : (names[label] ?? String(label)),
        answers.trueProbability[record] ?? 0,
        isRight(answers, record) ? 1 : 0,
        ...kept,
      ]),
    );
  }
  return rows.join('');
}

export function evaluationJson(
  evaluation: EvaluationDetail & { title: string; averaged: readonly EvaluationMember[] },
  names: readonly string[],
  classes: readonly ClassResult[],
  answers: Answers,
): string {
  const { summary, ...facts } = evaluation;
  const loss = finiteOrNull(summary.loss);
  const rows = <T>(values: ArrayLike<T> & { slice(from: number, to: number): Iterable<T> }) =>
    Array.from({ length: answers.images }, (_, image) => [
      ...values.slice(image * answersKept, (image + 1) * answersKept),
    ]);
  const images = {
    labels: [...answers.labels],
    top5: rows(answers.top5),
    top5Probability: rows(answers.top5Probability),
    trueProbability: [...answers.trueProbability],
  };
  return `${JSON.stringify({ ...facts, names, classes, summary: { ...summary, loss, ...images } })}\n`;
}
