import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openDataDirectory } from '../data/data-directory.ts';
import { openDatabase } from '../data/open-database.ts';
import { claimRun, editRun } from '../data/runs.ts';
import { temporaryFolder } from '../data/test-files.ts';
import { addDataset, addRun } from '../data/test-rows.ts';
import { Changes } from './changes.ts';
import { Outside } from './outside.ts';
import { RunService } from './runs.ts';

it('tells what another process wrote, and interrupts a run whose process died', async () => {
  const directory = openDataDirectory(join(temporaryFolder(), 'home'));
  const db = openDatabase(directory.databaseFile);
  const other = openDatabase(directory.databaseFile);
  addDataset(db);
  addRun(db);
  const changes = new Changes();
  const leave = new AbortController();
  const stream = changes.stream({ topic: 'connected', id: 'i' }, leave.signal);
  await stream.next();
  const outside = new Outside({ db, changes, runs: new RunService(db, directory, () => 5), log: () => {} });
  outside.start();
  try {
    editRun(db, 'r1', { notes: 'our own change' });
    outside.look();
    editRun(other, 'r1', { notes: "another's" });
    outside.look();
    outside.look();
    // No process has this id: the largest on Linux is 4,194,304.
    claimRun(db, 'r1', { pid: 5_000_000, started: null }, 1);
    outside.look();
    leave.abort();
    const told: string[] = [];
    for await (const { topic, id } of stream) told.push(id === null ? topic : `${topic} ${id}`);
    expect(told).toEqual(['datasets', 'runs', 'evaluations', 'ledger', 'models', 'predictions', 'runs r1']);
    expect(new RunService(db, directory, () => 6).find('r1')).toMatchObject({
      state: 'interrupted',
      endedAt: 5,
    });
  } finally {
    outside.close();
    db.close();
    other.close();
  }
});
