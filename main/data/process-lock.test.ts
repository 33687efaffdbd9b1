import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { openDatabase } from './open-database.ts';
import { takeLock } from './process-lock.ts';
import { ended, lines, startScript, temporaryFolder } from './test-files.ts';

vi.setConfig({ testTimeout: 180_000 });

function openIn(folder: string) {
  const db = openDatabase(join(folder, 'studio.sqlite'));
  onTestFinished(() => db.close());
  return db;
}

it('keeps everybody else out until it is given back, and names who has it', () => {
  const folder = temporaryFolder();
  const file = join(folder, 'lock');
  const db = openIn(folder);
  const unlock = takeLock(db, file, 'data set a');
  expect(() => takeLock(db, file, 'data set a')).toThrow(
    `data set a is being packed by process ${process.pid}`,
  );
  unlock();
  expect(existsSync(file)).toBe(false);
  takeLock(db, file, 'data set a')();
});

it('does not last longer than its process, nor where that was killed while it wrote it', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'lock');
  const db = openIn(folder);
  const dead = startScript('test-lock-child.ts', [db.path, file]);
  dead.stdin?.write('take\n');
  for await (const line of lines(dead)) if (line === 'taken') break;
  dead.kill('SIGKILL');
  await ended(dead);
  expect(readFileSync(file, 'utf8')).toContain(`"pid":${dead.pid}`);
  takeLock(db, file, 'it')();
  writeFileSync(file, '{"pid":');
  takeLock(db, file, 'it')();
});

it('is one process’s alone where several find a dead one’s lock at once', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'lock');
  const db = openIn(folder);
  const processes = Array.from({ length: 5 }, () => startScript('test-lock-child.ts', [db.path, file]));
  const outputs = processes.map((one) => lines(one)[Symbol.asyncIterator]());
  const answers = async () => await Promise.all(outputs.map(async (output) => (await output.next()).value));
  const tell = (line: string) => {
    for (const { stdin } of processes) stdin?.write(`${line}\n`);
  };
  await answers();
  for (let round = 0; round < 60; round++) {
    // No process has this number.
    writeFileSync(file, JSON.stringify({ pid: 2 ** 30, started: 'long ago' }));
    tell('take');
    expect((await answers()).sort()).toEqual(['BUSY', 'BUSY', 'BUSY', 'BUSY', 'taken']);
    tell('give back');
    await answers();
  }
});
