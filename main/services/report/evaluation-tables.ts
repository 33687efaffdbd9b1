// An evaluation as files for other programs: CSV with a row an image, JSON with everything.
import type { EvaluationDetail, EvaluationMember } from '../../api/evaluation.ts';
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

export interface TableImage {
  path: string;
  label: number;
}

/** One row an image, in pack order: file, truth, the five answers with their probabilities. */
export function evaluationCsv(
  { summary }: EvaluationDetail,
  names: readonly string[],
  images: readonly (TableImage | undefined)[],
): string {
  const shown = Math.min(5, names.length);
  const ranks = Array.from({ length: shown }, (_, i) => i + 1);
  const head = ['record', 'file', 'true class', 'probability of the true class', 'right'];
  const rows = [csvRow([...head, ...ranks.flatMap((rank) => [`answer ${rank}`, `probability ${rank}`])])];
  summary.top5.forEach((answers, record) => {
    const image = images[record];
    const label = image?.label;
    const values = ranks.flatMap((rank) => {
      const answer = answers[rank - 1] ?? -1;
      return [names[answer] ?? '', summary.top5Probability[record]?.[rank - 1] ?? 0];
    });
    rows.push(
      csvRow([
        record,
        image?.path ?? '',
        label === undefined ? '' : (names[label] ?? String(label)),
        summary.trueProbability[record] ?? 0,
        label === undefined ? '' : label === answers[0] ? 1 : 0,
        ...values,
      ]),
    );
  });
  return rows.join('');
}

export function evaluationJson(
  evaluation: EvaluationDetail & { title: string; averaged: readonly EvaluationMember[] },
  names: readonly string[],
  classes: readonly ClassResult[],
): string {
  const { summary, ...facts } = evaluation;
  const loss = finiteOrNull(summary.loss);
  return `${JSON.stringify({ ...facts, names, classes, summary: { ...summary, loss } })}\n`;
}
