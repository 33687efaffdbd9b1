// What one process at a time may do: packing a data set, answering a sweep, the application on a data directory. A
// lock is a file that names its process, so that a dead one's does not last. Whether it is free is looked at and the
// file written under the database's write lock: several processes may find a dead one's at the same moment.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { AppError } from '../api/errors.ts';
import { fromFileSystem } from './data-directory.ts';
import type { WritableDatabase } from './database.ts';
import { isAlive, type Owner, ownerOf } from './owner.ts';

/**
 * Takes the lock `file` among the processes of this database; returns what gives it back. Throws BUSY where a living
 * process has it: "`what` is `doing` by process 123"; DISK_FULL, IO.
 */
export function takeLock(
  db: WritableDatabase,
  file: string,
  what: string,
  doing = 'being packed',
): () => void {
  return db.transaction(() => {
    const owner = readOwner(file);
    if (owner !== undefined && isAlive(owner)) {
      throw new AppError('BUSY', `${what} is ${doing} by process ${owner.pid}`, { pid: owner.pid });
    }
    try {
      writeFileSync(file, JSON.stringify(ownerOf()));
    } catch (error) {
      throw fromFileSystem(error, file, 'writing');
    }
    return () => rmSync(file, { force: true });
  });
}

/** Undefined where nobody has it: also where its process was killed while it wrote the file. */
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
