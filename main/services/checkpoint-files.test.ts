import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { writeCheckpoint } from '../data/checkpoint-file.ts';
import { type DataDirectory, openDataDirectory } from '../data/data-directory.ts';
import { openCheckpointFile } from '../data/open-database.ts';
import { temporaryFolder } from '../data/test-files.ts';
import { CheckpointFiles } from './checkpoint-files.ts';

let directory: DataDirectory;
let files: CheckpointFiles;

async function write(step: number): Promise<void> {
  const db = openCheckpointFile(files.path('r1'));
  const facts = {
    step,
    epoch: 1,
    reason: 'epoch',
    state: '{}',
    best: false,
    records: [],
    createdAt: 1,
  } as const;
  await writeCheckpoint(
    db,
    facts,
    { tensors: [], read: () => new Uint8Array() },
    { keepLast: 5, storedUpTo: step },
  );
  db.close();
}

/** Locks the file as a large checkpoint does; returns what ends that. */
function lock(): () => void {
  const db = openCheckpointFile(files.path('r1'));
  db.exec('lock', 'BEGIN EXCLUSIVE');
  return () => db.close();
}

beforeEach(() => {
  directory = openDataDirectory(join(temporaryFolder(), 'home'));
  files = new CheckpointFiles(directory);
});

it('lists what there is, nothing where there is no file', async () => {
  expect(await files.list('r1')).toEqual([]);
  await write(1);
  await write(2);
  expect((await files.list('r1')).map(({ step }) => step)).toEqual([1, 2]);
});

it('shows what was there before while one is being written, and waits without holding others up', async () => {
  await write(1);
  expect(await files.list('r1')).toHaveLength(1);
  const fresh = new CheckpointFiles(directory);
  const unlock = lock();
  expect((await files.list('r1')).map(({ step }) => step)).toEqual([1]);
  let turns = 0;
  const counting = setInterval(() => turns++, 1);
  let listed = false;
  const waiting = fresh.list('r1').finally(() => {
    listed = true;
  });
  // Blocked, there would be none.
  await expect.poll(() => turns, { timeout: 5000 }).toBeGreaterThan(10);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(listed).toBe(false);
  unlock();
  expect(await waiting).toHaveLength(1);
  clearInterval(counting);
});

it('is free where there is no file, and when its writer is done', async () => {
  await files.free(undefined);
  await files.free('r1');
  await write(1);
  const unlock = lock();
  let freed = false;
  const waiting = files.free('r1').then(() => {
    freed = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 120));
  expect(freed).toBe(false);
  unlock();
  await waiting;
});

it('says what else is wrong at once', async () => {
  await expect(files.read('r1', () => 1)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await write(1);
  await expect(
    files.read('r1', () => {
      throw new Error('mine');
    }),
  ).rejects.toThrow('mine');
});
