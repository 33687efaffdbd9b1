// One process packs a data set at a time, one application works on a data directory. The lock names its process, so
// a dead one's lock does not last.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { AppError } from '../api/errors.ts';
import { isAlive, type Owner, ownerOf } from '../data/owner.ts';

/**
 * Takes the lock; returns what gives it back. Throws BUSY where a living process has it: "`what` is `doing` by
 * process 123".
 */
export function lockFolder(file: string, what: string, doing = 'being packed'): () => void {
  const mine = JSON.stringify(ownerOf());
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      writeFileSync(file, mine, { flag: 'wx' });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if (!(error instanceof Error) || Reflect.get(error, 'code') !== 'EEXIST') throw error;
    }
    const owner = readOwner(file);
    if (owner !== undefined && isAlive(owner)) {
      throw new AppError('BUSY', `${what} is ${doing} by process ${owner.pid}`, { pid: owner.pid });
    }
    rmSync(file, { force: true });
  }
  throw new AppError('BUSY', `${what} is ${doing} by another process`);
}

function readOwner(file: string): Owner | undefined {
  try {
    const owner: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof owner !== 'object' || owner === null) return undefined;
    const { pid, started } = owner as { pid?: unknown; started?: unknown };
    if (typeof pid !== 'number') return undefined;
    return { pid, started: typeof started === 'string' ? started : null };
  } catch {
    return undefined;
  }
}
