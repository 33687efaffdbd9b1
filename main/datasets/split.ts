// Sets a share of the training photos aside for validation: the same ones every time, the same share of
// every class, whatever else the folder holds.
import { createHash } from 'node:crypto';
import { AppError } from '../api/errors.ts';
import { compareBytes } from './byte-order.ts';
import type { ClassFiles } from './scan.ts';

export interface FractionSplit {
  train: ClassFiles[];
  val: ClassFiles[];
}

/**
 * Draws round(fraction * n) files of every class, at least one where the class has two or more, never all.
 * A file's place in the draw is the hash of its path, so adding or removing files moves few others.
 */
export function splitByFraction(classes: ClassFiles[], fraction: number): FractionSplit {
  if (!(fraction > 0 && fraction < 1)) {
    throw new AppError('INVALID_ARGUMENT', `the validation share must lie between 0 and 1, not ${fraction}`);
  }
  const split: FractionSplit = { train: [], val: [] };
  for (const { folder, files } of classes) {
    const wanted = Math.round(fraction * files.length);
    const count = files.length < 2 ? 0 : Math.min(Math.max(wanted, 1), files.length - 1);
    const drawn = new Set(
      files
        .map((file) => ({ file, key: createHash('sha256').update(file).digest('hex') }))
        .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : compareBytes(a.file, b.file)))
        .slice(0, count)
        .map(({ file }) => file),
    );
    split.train.push({ folder, files: files.filter((file) => !drawn.has(file)) });
    split.val.push({ folder, files: files.filter((file) => drawn.has(file)) });
  }
  return split;
}
