// Table evaluation_answers: what was answered to the images, in blocks.
import { AppError } from '../api/errors.ts';
import type { Evaluation } from '../api/evaluation.ts';
import { type Answers, blockImages, decodeBlocks } from '../api/evaluation-answers.ts';
import type { ReadableDatabase, WritableDatabase } from './database.ts';

/** The blocks of an evaluation that has none, in order. */
export function insertAnswers(db: WritableDatabase, id: string, blocks: Iterable<Uint8Array>): void {
  let block = 0;
  for (const answers of blocks) {
    db.insert(
      'evaluations.insertAnswers',
      'INSERT INTO evaluation_answers (evaluation_id, block, answers) VALUES (?, ?, ?)',
      [id, block++, answers],
    );
  }
}

/** What was answered to every image: 48 bytes each. Throws CORRUPT_DATABASE where some are missing. */
export function readAnswers(
  db: ReadableDatabase,
  { id, images }: Pick<Evaluation, 'id' | 'images'>,
): Answers {
  const blocks: Uint8Array[] = [];
  for (let block = 0; block * blockImages < images; block++) {
    const row = db.get<{ answers: Uint8Array }>(
      'evaluations.answers',
      'SELECT answers FROM evaluation_answers WHERE evaluation_id = ? AND block = ?',
      [id, block],
    );
    if (row !== undefined) blocks.push(row.answers);
  }
  try {
    return decodeBlocks(blocks, images);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AppError('CORRUPT_DATABASE', `the answers of evaluation ${id} are damaged: ${reason}`, { id });
  }
}
