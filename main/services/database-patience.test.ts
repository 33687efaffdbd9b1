import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import * as z from 'zod';
import { AppError } from '../api/errors.ts';
import type { WritableDatabase } from '../data/database.ts';
import { openDatabase } from '../data/open-database.ts';
import { getSetting, setSetting } from '../data/settings.ts';
import { patient } from './database-patience.ts';
import { TestFolder } from './testing/test-studio.ts';

let folder: TestFolder;
let db: WritableDatabase;
let other: WritableDatabase;
beforeEach(() => {
  folder = new TestFolder();
  const path = join(folder.root, 'studio.sqlite');
  db = openDatabase(path);
  db.busyTimeoutMs = 1;
  other = openDatabase(path);
});
afterEach(async () => {
  db.close();
  other.close();
  await folder.remove();
});

const signal = new AbortController().signal;
let calls = 0;
function table(limitMs?: number) {
  calls = 0;
  const handlers = {
    settings: {
      read: () => getSetting(db, 'theme', z.string()) ?? 'none',
      write(theme: string, _signal: AbortSignal): Promise<string> | string {
        calls++;
        setSetting(db, 'theme', theme);
        return theme;
      },
      async writeLater(theme: string, _signal: AbortSignal): Promise<string> {
        calls++;
        await sleep(1);
        setSetting(db, 'theme', theme);
        return theme;
      },
      async half(theme: string, _signal: AbortSignal): Promise<void> {
        calls++;
        setSetting(db, 'half', theme);
        other.exec('begin', 'BEGIN IMMEDIATE');
        await sleep(1);
        setSetting(db, 'theme', theme);
      },
      refuse(_: undefined, _signal: AbortSignal): void {
        calls++;
        throw new AppError('BUSY', 'this run is being trained');
      },
      async *count(): AsyncGenerator<number> {
        yield await Promise.resolve(1);
      },
    },
  };
  return patient(handlers, db, limitMs).settings;
}

it('does what was asked when the other process is ready; whoever reads is answered meanwhile', async () => {
  const settings = table();
  other.exec('begin', 'BEGIN IMMEDIATE');
  const written = [settings.write('dark', signal), settings.writeLater('dark', signal)];
  await sleep(30);
  expect(settings.read()).toBe('none');
  other.exec('rollback', 'ROLLBACK');
  expect(await Promise.all(written)).toEqual(['dark', 'dark']);
  expect(settings.read()).toBe('dark');
  expect(await settings.count().next()).toEqual({ value: 1, done: false });
});

it('says in the end that another process holds the database', async () => {
  other.exec('begin', 'BEGIN IMMEDIATE');
  const refused = expect.objectContaining({
    code: 'BUSY',
    message: expect.stringContaining('another process is writing to it'),
  });
  await expect(table(40).write('dark', signal)).rejects.toEqual(refused);
  await expect(table().write('dark', AbortSignal.abort())).rejects.toEqual(refused);
});

it('begins nothing again that had changed something, or was refused for another reason', async () => {
  await expect(table().half('dark', signal)).rejects.toMatchObject({ code: 'BUSY' });
  expect(calls).toBe(1);
  other.exec('rollback', 'ROLLBACK');
  const refused = async () => table().refuse(undefined, signal);
  await expect(refused()).rejects.toMatchObject({ message: 'this run is being trained' });
  expect(calls).toBe(1);
});
