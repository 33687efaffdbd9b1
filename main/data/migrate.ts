// Numbered SQL files to the schema of studio.sqlite. Each runs once, whole or not at all; its hash is kept, so
// that a file edited after it was released is noticed.
import { createHash } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '../api/errors.ts';
import type { WritableDatabase } from './database.ts';

export interface MigrateOptions {
  /** Where the NNNN_name.sql files are; the application's own by default. */
  migrationsFolder?: string | undefined;
}

export interface Migration {
  number: number;
  name: string;
  sql: string;
  sha256: string;
}

interface AppliedMigration {
  number: number;
  name: string;
  sha256: string;
}

const ownFolder = fileURLToPath(new URL('../../migrations/', import.meta.url));
const fileName = /^([0-9]{4})_[a-z0-9_]+\.sql$/;

/** The migrations of a folder in order. Throws INTERNAL where names or numbers are not as they must be. */
export function readMigrations(folder: string = ownFolder): Migration[] {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort();
  return names.map((name, index) => {
    const number = Number(fileName.exec(name)?.[1]);
    if (number !== index + 1) {
      throw new AppError(
        'INTERNAL',
        `migration ${name}: files are NNNN_name.sql, numbered from 0001 without a gap`,
      );
    }
    const sql = readFileSync(join(folder, name), 'utf8');
    return { number, name, sql, sha256: createHash('sha256').update(sql).digest('hex') };
  });
}

/** Throws DATABASE_TOO_NEW where the file's version is beyond the newest migration. */
export function refuseNewer(path: string, version: number, migrations: readonly Migration[]): void {
  if (version <= migrations.length) return;
  throw new AppError(
    'DATABASE_TOO_NEW',
    `${path} was written by a newer AlexNet Studio (schema ${version}, this one knows ${migrations.length}); ` +
      'update the application, or choose another data directory',
    { version, known: migrations.length },
  );
}

function readApplied(database: WritableDatabase): AppliedMigration[] {
  const table = database.get<{ name: string }>(
    'migrate.table',
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'",
  );
  if (table === undefined) return [];
  return database.all<AppliedMigration>(
    'migrate.applied',
    'SELECT number, name, sha256 FROM schema_migrations ORDER BY number',
  );
}

/** Throws where what was applied is not the beginning of what there is. */
function refuseMismatch(
  database: WritableDatabase,
  applied: AppliedMigration[],
  migrations: readonly Migration[],
): void {
  const version = Number(database.pragma('user_version'));
  if (version !== applied.length) {
    throw new AppError(
      'CORRUPT_DATABASE',
      `${database.path}: its schema version is ${version}, but ${applied.length} migrations are recorded; restore a backup`,
    );
  }
  applied.forEach((one, index) => {
    const file = migrations[index];
    if (file === undefined || one.number !== file.number || one.name !== file.name) {
      throw new AppError(
        'INTERNAL',
        `${database.path}: migration ${one.name} was applied, but is not part of this application`,
      );
    }
    if (one.sha256 !== file.sha256) {
      throw new AppError(
        'INTERNAL',
        `migration ${one.name} was edited after it was applied to ${database.path}`,
      );
    }
  });
}

/** A consistent copy beside the database, named by the schema it has. Written under another name first. */
function backUp(database: WritableDatabase, version: number): string {
  const path = `${database.path}.backup-${String(version).padStart(4, '0')}`;
  const partial = `${path}.${process.pid}.partial`;
  rmSync(partial, { force: true });
  try {
    database.run('migrate.backup', 'VACUUM INTO ?', [partial]);
    chmodSync(partial, 0o600);
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
  return path;
}

/** Applies the next migration, if any. The lock is taken before looking: two processes may start at once. */
function applyNext(database: WritableDatabase, migrations: readonly Migration[], backedUp: number): boolean {
  return database.transaction(() => {
    const applied = readApplied(database);
    refuseNewer(database.path, applied.length, migrations);
    refuseMismatch(database, applied, migrations);
    const next = migrations[applied.length];
    // Another process has applied one since the backup was made: begin again, with a backup of what is now.
    if (next === undefined || applied.length !== backedUp) return next !== undefined;
    database.exec(next.name, next.sql);
    if (!database.inTransaction) {
      throw new AppError('INTERNAL', `migration ${next.name} ends the transaction it runs in`);
    }
    const broken = database.all<{ table: string }>('migrate.check', 'PRAGMA foreign_key_check');
    if (broken.length > 0) {
      throw new AppError('INTERNAL', `migration ${next.name} leaves ${broken.length} broken references`);
    }
    database.exec(
      'migrate.record',
      `CREATE TABLE IF NOT EXISTS schema_migrations (
         number INTEGER PRIMARY KEY,
         name TEXT NOT NULL,
         sha256 TEXT NOT NULL,
         applied_at INTEGER NOT NULL
       ) STRICT`,
    );
    database.insert('migrate.record', 'INSERT INTO schema_migrations VALUES (?, ?, ?, ?)', [
      next.number,
      next.name,
      next.sha256,
      Date.now(),
    ]);
    database.exec('migrate.version', `PRAGMA user_version = ${next.number}`);
    return next.number < migrations.length;
  });
}

/** Brings the database to the newest schema; a file that was not new is copied before each step. */
export function migrate(
  database: WritableDatabase,
  migrations: readonly Migration[] = readMigrations(),
): void {
  const applied = database.snapshot(() => {
    const all = readApplied(database);
    refuseMismatch(database, all, migrations);
    return all;
  });
  if (applied.length === migrations.length) return;
  // A migration may rebuild tables that others refer to; references are checked as a whole before it commits.
  database.exec('migrate.begin', 'PRAGMA foreign_keys = OFF');
  try {
    let more = true;
    while (more) {
      const version = Number(database.pragma('user_version'));
      if (applied.length > 0) backUp(database, version);
      more = applyNext(database, migrations, version);
    }
  } finally {
    database.exec('migrate.end', 'PRAGMA foreign_keys = ON');
  }
}
