// The one place that opens SQLite files: studio.sqlite and the runs' checkpoint files.
import { chmodSync, existsSync } from 'node:fs';
import BetterSqlite3 from 'better-sqlite3';
import { AppError } from '../api/errors.ts';
import { checkpointSchema, checkpointVersion } from './checkpoint-schema.ts';
import { type DatabaseOptions, ReadableDatabase, WritableDatabase } from './database.ts';
import { type MigrateOptions, migrate, readMigrations, refuseNewer } from './migrate.ts';
import { fromSqlite, isBusy } from './sqlite-error.ts';

/** How long a statement waits for another process's transaction. Metric batches take milliseconds, a removed
 * data set's million rows some seconds. */
const busyTimeoutMs = 10_000;

/** A checkpoint's commit locks readers out while hundreds of megabytes reach the disk. */
const checkpointBusyTimeoutMs = 60_000;

/** A checkpoint's commit waits until its half gigabyte is on the disk: only more than this is worth a line. */
const checkpointSlowMs = 1000;

/** "ALXN" and "ALXC": what PRAGMA application_id says of each kind of file. */
const studioId = 0x414c584e;
const checkpointId = 0x414c5843;

function openRaw(path: string, timeoutMs: number, mustExist: boolean): BetterSqlite3.Database {
  try {
    return new BetterSqlite3(path, { timeout: timeoutMs, fileMustExist: mustExist });
  } catch (error) {
    // better-sqlite3 reports a missing folder as a TypeError.
    if (error instanceof TypeError) throw new AppError('IO', `${path} cannot be opened: ${error.message}`);
    throw fromSqlite(error, path, 'open');
  }
}

/** Runs `prepare`; a file that fails it is closed before the error goes on. */
function prepared<T>(raw: BetterSqlite3.Database, prepare: () => T): T {
  try {
    return prepare();
  } catch (error) {
    raw.close();
    throw fromSqlite(error, raw.name, 'open');
  }
}

/**
 * Refuses SQLite files of another application, whatever they are called. A new file has no id and no table: both are
 * read in one transaction, since another process may be making the same file.
 */
function claim(raw: BetterSqlite3.Database, id: number): void {
  const found = raw.pragma('application_id', { simple: true });
  if (found === id) return;
  const tables = raw.prepare('SELECT count(*) FROM sqlite_schema').pluck().get();
  if (found === 0 && tables === 0) {
    raw.pragma(`application_id = ${id}`);
    return;
  }
  throw new AppError('CORRUPT_DATABASE', `${raw.name} is a database of something else; move it away`);
}

/**
 * Switches the file to a write-ahead log. Where two processes make the same file, SQLite fails the one that comes
 * second without waiting, since both hold a read lock that the other's change waits for: it begins again here.
 */
function useWriteAheadLog(raw: BetterSqlite3.Database): void {
  const deadline = Date.now() + busyTimeoutMs;
  const asleep = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    try {
      raw.pragma('journal_mode = WAL');
      return;
    } catch (error) {
      if (!isBusy(error) || Date.now() > deadline) throw error;
      Atomics.wait(asleep, 0, 0, 5 + Math.random() * 20);
    }
  }
}

/**
 * studio.sqlite, created or migrated as needed. Throws DATABASE_TOO_NEW, CORRUPT_DATABASE, DISK_FULL, BUSY, IO.
 */
export function openDatabase(path: string, options: DatabaseOptions & MigrateOptions = {}): WritableDatabase {
  const isNew = path !== ':memory:' && !existsSync(path);
  const raw = openRaw(path, busyTimeoutMs, false);
  return prepared(raw, () => {
    if (isNew) chmodSync(path, 0o600);
    const migrations = readMigrations(options.migrationsFolder);
    // Before anything is changed: an application older than the file leaves it as it is.
    refuseNewer(path, Number(raw.pragma('user_version', { simple: true })), migrations);
    useWriteAheadLog(raw);
    // NORMAL in WAL: a killed process loses nothing, and the file is never damaged. Only a power cut can take
    // back the last commits; those are metrics, and the run's checkpoint file holds them again. FULL would wait
    // for the disk ten times a second while a run trains.
    raw.pragma('synchronous = NORMAL');
    raw.pragma('foreign_keys = ON');
    raw.pragma('trusted_schema = OFF');
    if (raw.pragma('application_id', { simple: true }) !== studioId)
      raw.transaction(() => claim(raw, studioId)).immediate();
    const database = new WritableDatabase(raw, options);
    migrate(database, migrations);
    return database;
  });
}

/** studio.sqlite for reading only. Throws NOT_FOUND, DATABASE_TOO_NEW, CORRUPT_DATABASE, IO. */
export function openReadableDatabase(
  path: string,
  options: DatabaseOptions & MigrateOptions = {},
): ReadableDatabase {
  if (!existsSync(path)) throw new AppError('NOT_FOUND', `${path} does not exist`);
  const raw = openRaw(path, busyTimeoutMs, true);
  return prepared(raw, () => {
    raw.pragma('query_only = ON');
    refuseNewer(
      path,
      Number(raw.pragma('user_version', { simple: true })),
      readMigrations(options.migrationsFolder),
    );
    return new ReadableDatabase(raw, options);
  });
}

function openCheckpoints(
  path: string,
  mustExist: boolean,
  timeoutMs = checkpointBusyTimeoutMs,
): BetterSqlite3.Database {
  if (mustExist && !existsSync(path))
    throw new AppError('NOT_FOUND', `${path} does not exist: the run has no checkpoint`);
  const raw = openRaw(path, timeoutMs, mustExist);
  return prepared(raw, () => {
    raw.pragma('page_size = 65536');
    // A rollback journal, no WAL: a checkpoint is all new pages, which are written once and need no journal.
    // Through a WAL every byte would be written twice and a second 500 MB file would stay beside the first.
    raw.pragma('journal_mode = TRUNCATE');
    // A checkpoint that was told survives a power cut.
    raw.pragma('synchronous = FULL');
    raw.pragma('foreign_keys = ON');
    raw.pragma('trusted_schema = OFF');
    raw.pragma('cache_size = -16384');
    return raw;
  });
}

/** The tables, where they are not there yet: a process may have been killed before it had made them. */
function completeCheckpoints(raw: BetterSqlite3.Database): void {
  const version = Number(raw.pragma('user_version', { simple: true }));
  const id = Number(raw.pragma('application_id', { simple: true }));
  // Versions of another kind of file say nothing: it is refused for what it is, below.
  if (version > checkpointVersion && id === checkpointId) {
    throw new AppError(
      'DATABASE_TOO_NEW',
      `${raw.name} was written by a newer AlexNet Studio (format ${version}, this one knows ${checkpointVersion}); update to open it`,
    );
  }
  if (version === checkpointVersion && id === checkpointId) return;
  raw
    .transaction(() => {
      claim(raw, checkpointId);
      if (raw.pragma('user_version', { simple: true }) === checkpointVersion) return;
      raw.exec(checkpointSchema);
      raw.pragma(`user_version = ${checkpointVersion}`);
    })
    .immediate();
}

function asCheckpointError(error: unknown): unknown {
  if (!(error instanceof AppError) || error.code !== 'CORRUPT_DATABASE') return error;
  return new AppError('CORRUPT_CHECKPOINT', error.message, error.details, { cause: error });
}

/** A run's checkpoint file for its writer, created where it does not exist. Throws CORRUPT_CHECKPOINT,
 * DATABASE_TOO_NEW, DISK_FULL, BUSY, IO. */
export function openCheckpointFile(path: string, options: DatabaseOptions = {}): WritableDatabase {
  try {
    const isNew = !existsSync(path);
    const raw = openCheckpoints(path, false);
    return prepared(raw, () => {
      if (isNew) chmodSync(path, 0o600);
      completeCheckpoints(raw);
      return new WritableDatabase(raw, { slowMs: checkpointSlowMs, ...options });
    });
  } catch (error) {
    throw asCheckpointError(error);
  }
}

/**
 * A run's checkpoint file for reading. It is opened for writing all the same and told not to: where a writer
 * was killed, the first to open the file must undo its half-written transaction. Throws NOT_FOUND,
 * CORRUPT_CHECKPOINT, DATABASE_TOO_NEW, IO.
 */
export function openCheckpointReader(
  path: string,
  options: DatabaseOptions & {
    /** How long a statement waits for the writer, holding the thread; 0: it throws BUSY at once. */
    busyTimeoutMs?: number;
  } = {},
): ReadableDatabase {
  try {
    const raw = openCheckpoints(path, true, options.busyTimeoutMs);
    return prepared(raw, () => {
      completeCheckpoints(raw);
      raw.pragma('query_only = ON');
      return new ReadableDatabase(raw, { slowMs: checkpointSlowMs, ...options });
    });
  } catch (error) {
    throw asCheckpointError(error);
  }
}
