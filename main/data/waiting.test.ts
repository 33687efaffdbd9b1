// What a connection does while another process writes.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { WritableDatabase } from './database.ts';
import { openDatabase } from './open-database.ts';
import { getSetting, setSetting } from './settings.ts';
import { isLocked } from './sqlite-error.ts';
import { temporaryFolder } from './test-files.ts';

let db: WritableDatabase;
let other: WritableDatabase;
beforeEach(() => {
  const path = join(temporaryFolder(), 'studio.sqlite');
  db = openDatabase(path);
  other = openDatabase(path);
});
afterEach(() => {
  db.close();
  other.close();
});

const stored = () => getSetting(db, 'theme', z.string());

/** Whether a promise is settled after many turns of the event loop. */
async function isOpen(promise: Promise<unknown>): Promise<boolean> {
  return (await Promise.race([promise.then(() => 'settled'), sleep(60, 'open')])) === 'open';
}

describe('whenFree', () => {
  it('does everything at once where nobody else writes', async () => {
    const done = db.whenFree(() => {
      setSetting(db, 'theme', 'dark');
      return 7;
    });
    expect(stored()).toBe('dark');
    expect(await done).toBe(7);
    expect(db.pragma('busy_timeout')).toBe(10_000);
  });

  it('lets the thread go on until the other process is ready, whatever a statement would wait', async () => {
    other.exec('begin', 'BEGIN IMMEDIATE');
    const done = db.whenFree(() => setSetting(db, 'theme', 'dark'));
    expect(await isOpen(done)).toBe(true);
    expect(stored()).toBeUndefined();
    other.exec('rollback', 'ROLLBACK');
    await done;
    expect(stored()).toBe('dark');
  });

  it('leaves nothing behind of work that fails, and says what failed', async () => {
    const failing = db.whenFree(() => {
      setSetting(db, 'theme', 'dark');
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(stored()).toBeUndefined();
  });
});

describe('untilFree', () => {
  it('resolves once nobody writes, and gives up with BUSY', async () => {
    await db.untilFree();
    other.exec('begin', 'BEGIN IMMEDIATE');
    await expect(db.untilFree(20)).rejects.toSatisfy((error) => isLocked(error, db.path));
    const waiting = db.untilFree();
    expect(await isOpen(waiting)).toBe(true);
    other.exec('rollback', 'ROLLBACK');
    await waiting;
  });
});

it('counts the rows that it changes, and tells a lock on another file from its own', () => {
  const before = db.changes;
  setSetting(db, 'theme', 'dark');
  expect(db.changes).toBeGreaterThan(before);
  db.busyTimeoutMs = 0;
  other.exec('begin', 'BEGIN IMMEDIATE');
  let error: unknown;
  try {
    setSetting(db, 'theme', 'light');
  } catch (thrown) {
    error = thrown;
  }
  expect(isLocked(error, db.path)).toBe(true);
  expect(isLocked(error, '/elsewhere.sqlite')).toBe(false);
  expect(isLocked(new Error('database is locked'), db.path)).toBe(false);
});
