import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { objectSchema } from '../api/json.ts';
import { anyNumber } from '../api/numbers.ts';
import { listCheckpoints } from './checkpoint-reader.ts';
import { readMigrations } from './migrate.ts';
import {
  openCheckpointFile,
  openCheckpointReader,
  openDatabase,
  openReadableDatabase,
} from './open-database.ts';
import { getSetting, setSetting } from './settings.ts';
import { refusal } from './test-errors.ts';
import { ended, lines, smallDisk, startScript, temporaryFolder } from './test-files.ts';

describe('openDatabase', () => {
  it('makes a file for its owner alone, in WAL, with foreign keys, at the newest schema', () => {
    const path = join(temporaryFolder(), 'studio.sqlite');
    const db = openDatabase(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(db.pragma('journal_mode')).toBe('wal');
    expect(db.pragma('foreign_keys')).toBe(1);
    expect(db.pragma('busy_timeout')).toBe(10_000);
    expect(db.pragma('user_version')).toBe(readMigrations().length);
    const loose = db.all<{ name: string }>(
      'strict',
      "SELECT name FROM pragma_table_list WHERE strict = 0 AND name NOT LIKE 'sqlite_%'",
    );
    expect(loose).toEqual([]);
    db.close();
  });

  it('keeps what is stored', () => {
    const path = join(temporaryFolder(), 'studio.sqlite');
    const db = openDatabase(path);
    setSetting(db, 'theme', { dark: true });
    db.close();
    const again = openDatabase(path);
    expect(getSetting(again, 'theme', objectSchema)).toEqual({ dark: true });
    again.close();
  });

  it('refuses a database of a newer version and leaves it as it is', () => {
    const path = join(temporaryFolder(), 'studio.sqlite');
    openDatabase(path).close();
    const raw = new DatabaseSync(path);
    raw.exec('PRAGMA user_version = 99');
    raw.close();
    const before = readFileSync(path);
    for (const open of [openDatabase, openReadableDatabase]) {
      const error = refusal(() => open(path));
      expect(error.code).toBe('DATABASE_TOO_NEW');
      expect(error.message).toContain('newer AlexNet Studio');
      expect(error.details).toEqual({ version: 99, known: readMigrations().length });
    }
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('refuses a file that is no database, and one that is cut short', () => {
    const folder = temporaryFolder();
    const noise = join(folder, 'noise.sqlite');
    writeFileSync(noise, 'x'.repeat(10_000));
    expect(refusal(() => openDatabase(noise)).code).toBe('CORRUPT_DATABASE');

    const cut = join(folder, 'cut.sqlite');
    openDatabase(cut).close();
    writeFileSync(cut, readFileSync(cut).subarray(0, 3000));
    expect(refusal(() => openDatabase(cut)).code).toBe('CORRUPT_DATABASE');
  });

  it('refuses the database of another application', () => {
    const path = join(temporaryFolder(), 'other.sqlite');
    const raw = new DatabaseSync(path);
    raw.exec('CREATE TABLE bookmarks (url TEXT)');
    raw.close();
    const error = refusal(() => openDatabase(path));
    expect(error.code).toBe('CORRUPT_DATABASE');
    expect(error.message).toContain('something else');
  });

  it('says that the folder is missing', () => {
    const path = join(temporaryFolder(), 'missing', 'studio.sqlite');
    expect(refusal(() => openDatabase(path)).code).toBe('IO');
    expect(refusal(() => openReadableDatabase(path)).code).toBe('NOT_FOUND');
  });

  it('gives readers no way to write', () => {
    const path = join(temporaryFolder(), 'studio.sqlite');
    openDatabase(path).close();
    const db = openReadableDatabase(path);
    expect('run' in db).toBe(false);
    expect(refusal(() => db.get('sneak', "INSERT INTO settings VALUES ('a', '1') RETURNING key")).code).toBe(
      'IO',
    );
    db.close();
  });

  it('is created once when several processes start together', async () => {
    const folder = temporaryFolder();
    // They meet at another point of the making each time.
    for (let round = 0; round < 5; round++) {
      const path = join(folder, `${round}.sqlite`);
      const children = Array.from({ length: 6 }, () => startScript('test-open-child.ts', [path]));
      expect(await Promise.all(children.map(ended))).toEqual([0, 0, 0, 0, 0, 0]);
    }
    const path = join(folder, '0.sqlite');
    const db = openDatabase(path);
    expect(db.all('migrations', 'SELECT number FROM schema_migrations')).toEqual(
      readMigrations().map(({ number }) => ({ number })),
    );
    db.close();
  });

  it('waits while another process makes the same file', async () => {
    const path = join(temporaryFolder(), 'studio.sqlite');
    const child = startScript('test-hold-child.ts', [path]);
    for await (const line of lines(child)) {
      expect(line).toBe('held');
      child.stdin?.write('go on\n');
      break;
    }
    const db = openDatabase(path);
    expect(db.pragma('journal_mode')).toBe('wal');
    db.close();
    expect(await ended(child)).toBe(0);
  });

  it('waits for another process that writes', () => {
    const path = join(temporaryFolder(), 'studio.sqlite');
    const one = openDatabase(path);
    const two = openDatabase(path);
    setSetting(one, 'a', 1);
    setSetting(two, 'b', 2);
    expect(getSetting(one, 'b', anyNumber)).toBe(2);
    one.close();
    two.close();
  });

  it('loses nothing it has told when the process is killed', async () => {
    const path = join(temporaryFolder(), 'studio.sqlite');
    const child = startScript('test-open-child.ts', [path, 'fill']);
    let told = 0;
    for await (const line of lines(child)) {
      told = Number(line);
      if (told === 50) child.kill('SIGKILL');
    }
    expect(await ended(child)).toBe('SIGKILL');
    const db = openDatabase(path);
    expect(db.pragma('integrity_check')).toBe('ok');
    const stored = db.get<{ n: number }>('count', 'SELECT count(*) AS n FROM settings')?.n ?? 0;
    expect(told).toBeGreaterThanOrEqual(50);
    expect(stored).toBeGreaterThanOrEqual(told);
    db.close();
  });

  it('says that the disk is full, and works again once there is space', ({ skip }) => {
    const disk = smallDisk(2_000_000);
    if (disk === undefined) return skip('mounting a small disk needs more rights than this process has');
    const db = openDatabase(join(disk, 'studio.sqlite'));
    const ballast = join(disk, 'ballast');
    writeFileSync(ballast, Buffer.alloc(800_000));
    let stored = 0;
    const error = refusal(() => {
      for (;;) {
        setSetting(db, `key ${stored}`, 'x'.repeat(20_000));
        stored++;
      }
    });
    expect(error.code).toBe('DISK_FULL');
    expect(stored).toBeGreaterThan(0);
    const count = () => db.get<{ n: number }>('count', 'SELECT count(*) AS n FROM settings')?.n;
    expect(count()).toBe(stored);
    writeFileSync(ballast, '');
    setSetting(db, 'after', 1);
    expect(count()).toBe(stored + 1);
    expect(db.pragma('integrity_check')).toBe('ok');
    db.close();
  });

  it('names statements that are slow', () => {
    const log: string[] = [];
    const db = openDatabase(join(temporaryFolder(), 'studio.sqlite'), { log: (line) => log.push(line) });
    db.get('quick', 'SELECT 1');
    const before = log.length;
    db.get(
      'counting',
      'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT max(i) FROM n',
    );
    expect(log.slice(before)).toHaveLength(1);
    expect(log[before]).toMatch(/^slow statement counting: \d+ ms$/);
    db.close();
  });
});

describe('checkpoint files', () => {
  it('are made for their owner alone and told apart from other databases', () => {
    const folder = temporaryFolder();
    const path = join(folder, 'run.sqlite');
    openCheckpointFile(path).close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    openCheckpointReader(path).close();

    const studio = join(folder, 'studio.sqlite');
    openDatabase(studio).close();
    expect(refusal(() => openCheckpointReader(studio)).code).toBe('CORRUPT_CHECKPOINT');
    expect(refusal(() => openCheckpointFile(studio)).code).toBe('CORRUPT_CHECKPOINT');
    expect(refusal(() => openDatabase(path)).code).toBe('CORRUPT_DATABASE');
    expect(refusal(() => openCheckpointReader(join(folder, 'none.sqlite'))).code).toBe('NOT_FOUND');
  });

  it('can be read where the writer was killed before it had made the tables', () => {
    const path = join(temporaryFolder(), 'run.sqlite');
    writeFileSync(path, '');
    const reader = openCheckpointReader(path);
    expect(listCheckpoints(reader)).toEqual([]);
    reader.close();
  });

  it('of a newer format are refused', () => {
    const path = join(temporaryFolder(), 'run.sqlite');
    openCheckpointFile(path).close();
    const raw = new DatabaseSync(path);
    raw.exec('PRAGMA user_version = 7');
    raw.close();
    expect(refusal(() => openCheckpointFile(path)).code).toBe('DATABASE_TOO_NEW');
    expect(refusal(() => openCheckpointReader(path)).code).toBe('DATABASE_TOO_NEW');
  });
});

describe('transactionAsync', () => {
  it('is all or nothing, and one at a time', async () => {
    const db = openDatabase(join(temporaryFolder(), 'studio.sqlite'));
    const failing = db.transactionAsync(async () => {
      setSetting(db, 'a', 1);
      await Promise.resolve();
      throw new Error('stop');
    });
    await expect(db.transactionAsync(() => Promise.resolve())).rejects.toMatchObject({ code: 'BUSY' });
    await expect(failing).rejects.toThrow('stop');
    expect(getSetting(db, 'a', anyNumber)).toBeUndefined();
    await db.transactionAsync(async () => {
      await Promise.resolve();
      setSetting(db, 'a', 2);
    });
    expect(getSetting(db, 'a', anyNumber)).toBe(2);
    db.close();
  });
});
