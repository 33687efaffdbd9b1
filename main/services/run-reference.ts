// Which run a user means: its id, its name (the newest of that name), or the beginning of an id.
import { AppError } from '../api/errors.ts';
import { closest } from '../api/nearest.ts';
import type { Run } from '../api/runs.ts';
import type { ReadableDatabase } from '../data/database.ts';
import { findRun, listRuns } from '../data/runs.ts';

/** Throws NOT_FOUND; where the beginning fits several runs it names them. */
export function resolveRun(db: ReadableDatabase, reference: string): Run {
  const run = tryResolveRun(db, reference);
  if (run !== undefined) return run;
  const known = listRuns(db, { limit: 200 });
  const words = known.flatMap(({ id, name }) => [id, name]);
  const meant = closest(reference, words);
  const others = words.length === 0 ? 'there are no runs yet' : 'runs list shows what there is';
  const hint = meant === undefined ? others : `did you mean ${meant}?`;
  throw new AppError('NOT_FOUND', `there is no run ${reference}; ${hint}`, { reference });
}

/** As resolveRun; undefined where no run fits. Throws where the beginning of an id fits several. */
export function tryResolveRun(db: ReadableDatabase, reference: string): Run | undefined {
  const exact = findRun(db, reference);
  if (exact !== undefined || reference === '') return exact;
  const begun = listRuns(db, { limit: 100_000 }).filter(({ id }) => id.startsWith(reference));
  if (begun.length > 1) {
    const ids = begun.slice(0, 5).map(({ id }) => id);
    throw new AppError(
      'NOT_FOUND',
      `${reference} is the beginning of ${begun.length} runs' ids: ${ids.join(', ')}`,
      {
        reference,
      },
    );
  }
  return begun[0];
}
