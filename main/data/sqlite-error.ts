// SQLite's result codes as the application's errors: what happened and what to do.
import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError, type ErrorCode } from '../api/errors.ts';

function sqliteCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.name !== 'SqliteError') return undefined;
  const code: unknown = Reflect.get(error, 'code');
  return typeof code === 'string' ? code : undefined;
}

/** Where SQLite only says "could not write", the file system says whether that was for want of space. */
function isFull(path: string): boolean {
  try {
    return statfsSync(dirname(path)).bavail < 64;
  } catch {
    return false;
  }
}

function kind(code: string, path: string): { code: ErrorCode; says: string } {
  if (code === 'SQLITE_FULL')
    return { code: 'DISK_FULL', says: 'the disk is full; free some space and try again' };
  if (code.startsWith('SQLITE_IOERR') && isFull(path)) {
    return { code: 'DISK_FULL', says: 'the disk is full; free some space and try again' };
  }
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return { code: 'BUSY', says: 'another process is writing to it; try again when that is done' };
  }
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') {
    return { code: 'CORRUPT_DATABASE', says: 'the file is damaged or no database; restore it from a backup' };
  }
  if (code.startsWith('SQLITE_IOERR'))
    return { code: 'IO', says: 'reading or writing failed; check the disk' };
  if (code.startsWith('SQLITE_CANTOPEN') || code.startsWith('SQLITE_READONLY') || code === 'SQLITE_PERM') {
    return { code: 'IO', says: 'it cannot be opened for writing; check that its folder exists and is yours' };
  }
  return { code: 'INTERNAL', says: 'the statement failed' };
}

/** An SqliteError as AppError, `details.sqlite` holding its code; anything else comes back as it is. */
export function fromSqlite(error: unknown, path: string, statement: string): unknown {
  const code = sqliteCode(error);
  if (code === undefined || !(error instanceof Error)) return error;
  const { code: appCode, says } = kind(code, path);
  return new AppError(
    appCode,
    `${path}: ${says} (${error.message})`,
    { sqlite: code, statement, file: path },
    { cause: error },
  );
}

/** Whether an error of better-sqlite3 itself says that another connection holds what the statement needed. */
export function isBusy(error: unknown): boolean {
  return sqliteCode(error)?.startsWith('SQLITE_BUSY') === true;
}

/** Whether another connection holds what a statement on this file needed. */
export function isLocked(error: unknown, path: string): boolean {
  return (
    error instanceof AppError &&
    error.code === 'BUSY' &&
    error.details?.file === path &&
    error.details.sqlite !== undefined
  );
}

/** Whether a statement failed because a UNIQUE or PRIMARY KEY value was there already. */
export function isUniqueViolation(error: unknown): boolean {
  const code = error instanceof AppError ? error.details?.sqlite : undefined;
  return code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY';
}
