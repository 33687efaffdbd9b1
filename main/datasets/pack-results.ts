// Reads what became of every file of a plan, line by line beside the plan.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { SkippedFile as StoredSkippedFile } from '../api/datasets.ts';
import { AppError } from '../api/errors.ts';
import type { NewImage } from '../data/images.ts';
import type { PlannedSplit } from './plan.ts';

export type PackedFile = { image: NewImage } | { skipped: StoredSkippedFile };

/** In plan order. Throws INTERNAL where the engine's list does not fit the plan. */
export async function* readPackResults(split: PlannedSplit, resultFile: string): AsyncGenerator<PackedFile> {
  const lines = createInterface({ input: createReadStream(resultFile), crlfDelay: Number.POSITIVE_INFINITY });
  let index = 0;
  for await (const line of lines) {
    if (line === '') continue;
    const file = split.files[index++];
    if (file === undefined) throw mismatch(resultFile, 'more lines than files');
    const result = JSON.parse(line) as { record?: unknown; error?: unknown; message?: unknown };
    if (typeof result.record === 'number') {
      yield { image: { record: result.record, label: file.label, path: file.path } };
    } else if (typeof result.error === 'string') {
      const message = typeof result.message === 'string' ? result.message : '';
      yield { skipped: { split: split.split, path: file.path, code: result.error, message } };
    } else {
      throw mismatch(resultFile, `line ${index} says neither`);
    }
  }
  if (index !== split.files.length)
    throw mismatch(resultFile, `${index} lines for ${split.files.length} files`);
}

function mismatch(file: string, reason: string): AppError {
  return new AppError('INTERNAL', `the engine's list ${file} does not fit what was packed: ${reason}`);
}
