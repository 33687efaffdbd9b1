// Answers as lines of a file: CSV with a row a photo, or JSON Lines as the command line prints them.
import { extname } from 'node:path';
import { AppError } from '../../api/errors.ts';
import type { StoredPrediction } from '../../api/predictions.ts';
import { csvRow } from '../report/evaluation-tables.ts';

export interface AnswerLines {
  /** Empty where the format has none. */
  head: string;
  line(prediction: Pick<StoredPrediction, 'path' | 'model' | 'answers'>): string;
}

/** The file's path, the model, then class and probability of `top` answers, or the error. */
export function csvLines(top: number): AnswerLines {
  const ranks = Array.from({ length: top }, (_, i) => [`class ${i + 1}`, `probability ${i + 1}`]).flat();
  return {
    head: csvRow(['file', 'model', 'error', ...ranks]),
    line({ path, model, answers }) {
      const known = Array.isArray(answers) ? answers : [];
      const error = Array.isArray(answers) ? '' : answers.error.message;
      return csvRow([path, model, error, ...known.flatMap(({ name, probability }) => [name, probability])]);
    },
  };
}

export const jsonLines: AnswerLines = {
  head: '',
  line({ path, answers }) {
    const answer = Array.isArray(answers) ? { predictions: answers } : { error: answers.error };
    return `${JSON.stringify({ file: path, ...answer })}\n`;
  },
};

/** By the file's ending. Throws INVALID_ARGUMENT. */
export function linesOf(path: string, top: number): AnswerLines {
  switch (extname(path).toLowerCase()) {
    case '.csv':
      return csvLines(top);
    case '.jsonl':
    case '.ndjson':
      return jsonLines;
    default:
      throw new AppError(
        'INVALID_ARGUMENT',
        `answers go to a file that ends in .csv or .jsonl, not ${path}`,
        {
          path,
        },
      );
  }
}
