import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { WritableDatabase } from './database.ts';
import { deleteDataset } from './datasets.ts';
import { listEvents } from './events.ts';
import { listMetrics, storeTraining } from './metrics.ts';
import { openDatabase } from './open-database.ts';
import { ownerOf } from './owner.ts';
import {
  claimRun,
  deleteRun,
  editRun,
  endRun,
  findRun,
  getRun,
  getRunRecipe,
  listRuns,
  listRunsOfDataset,
  markDeadRunsInterrupted,
  planRun,
  setRunPaused,
} from './runs.ts';
import { refusal } from './test-errors.ts';
import { ended, lines, startScript, temporaryFolder } from './test-files.ts';
import { addDataset, addRun, newRun, step } from './test-rows.ts';

let db: WritableDatabase;

beforeEach(() => {
  db = openDatabase(':memory:');
  addDataset(db);
  return () => db.close();
});

const dead = { pid: 2 ** 22 + 1, started: 'then' };

describe('runs', () => {
  it('come back as they were stored', () => {
    addRun(db);
    expect(getRun(db, 'r1')).toMatchObject({
      id: 'r1',
      name: 'run r1',
      state: 'queued',
      datasetId: 'd1',
      loss: null,
      starred: false,
      tags: [],
      startedAt: null,
    });
    const { config, labels, preprocessing } = newRun('r1');
    expect(getRunRecipe(db, 'r1')).toEqual({ config, labels, preprocessing });
    expect(getRun(db, 'r2')).toBeUndefined();
    expect(getRunRecipe(db, 'r2')).toBeUndefined();
  });

  it('are found by id, or by name the newest', () => {
    addRun(db, 'r1', { name: 'first', createdAt: 1 });
    addRun(db, 'r2', { name: 'twice', createdAt: 2 });
    addRun(db, 'r3', { name: 'twice', createdAt: 3 });
    addRun(db, 'r4', { name: 'r1', createdAt: 4 });
    expect(findRun(db, 'twice')?.id).toBe('r3');
    expect(findRun(db, 'r1')?.id).toBe('r1');
    expect(findRun(db, 'third')).toBeUndefined();
  });

  it('are listed newest first, page by page', () => {
    for (const [id, createdAt] of [
      ['r1', 1],
      ['r2', 2],
      ['r3', 2],
      ['r4', 3],
    ] as const)
      addRun(db, id, { createdAt });
    const first = listRuns(db, { limit: 2 });
    expect(first.map((run) => run.id)).toEqual(['r4', 'r3']);
    const last = first.at(-1);
    if (last === undefined) throw new Error('no run');
    expect(listRuns(db, { before: last }).map((run) => run.id)).toEqual(['r2', 'r1']);
    expect(listRunsOfDataset(db, 'd1')).toHaveLength(4);
  });

  it('stay when their data set is removed', () => {
    addRun(db);
    deleteDataset(db, 'd1');
    expect(getRun(db, 'r1')).toMatchObject({ datasetId: null, datasetName: 'birds' });
  });

  it('go through their states', () => {
    addRun(db);
    claimRun(db, 'r1', ownerOf(), 10);
    planRun(db, 'r1', { stepsPerEpoch: 4, totalSteps: 20, parameters: 99 });
    expect(getRun(db, 'r1')).toMatchObject({
      state: 'running',
      startedAt: 10,
      totalSteps: 20,
      parameters: 99,
    });
    setRunPaused(db, 'r1', true);
    expect(getRun(db, 'r1')?.state).toBe('paused');
    setRunPaused(db, 'r1', false);
    endRun(db, 'r1', { state: 'stopped', reason: 'as asked', endedAt: 20 });
    expect(getRun(db, 'r1')).toMatchObject({ state: 'stopped', reason: 'as asked', endedAt: 20 });
    expect(refusal(() => setRunPaused(db, 'r1', true)).code).toBe('NOT_FOUND');

    claimRun(db, 'r1', ownerOf(), 30);
    expect(getRun(db, 'r1')).toMatchObject({ state: 'running', reason: '', startedAt: 10, endedAt: null });
    endRun(db, 'r1', { state: 'finished', endedAt: 40 });
    expect(refusal(() => claimRun(db, 'r1', ownerOf(), 50)).code).toBe('RUN_NOT_RESUMABLE');
  });

  it('are driven by one living process at a time', () => {
    addRun(db);
    claimRun(db, 'r1', ownerOf(), 10);
    const error = refusal(() => claimRun(db, 'r1', { pid: 1, started: null }, 20));
    expect(error.code).toBe('BUSY');
    expect(error.details).toEqual({ pid: process.pid });
    expect(refusal(() => deleteRun(db, 'r1')).code).toBe('BUSY');
    expect(refusal(() => claimRun(db, 'r9', ownerOf(), 20)).code).toBe('NOT_FOUND');
  });

  it('can be claimed from a process that is gone', () => {
    addRun(db);
    claimRun(db, 'r1', dead, 10);
    claimRun(db, 'r1', ownerOf(), 20);
    expect(getRun(db, 'r1')?.state).toBe('running');
  });

  it('take only the edits that are given', () => {
    addRun(db);
    editRun(db, 'r1', { starred: true, tags: ['a', 'b'] });
    editRun(db, 'r1', { name: 'better', notes: 'why' });
    expect(getRun(db, 'r1')).toMatchObject({ name: 'better', starred: true, tags: ['a', 'b'], notes: 'why' });
    editRun(db, 'r1', { starred: false });
    expect(getRun(db, 'r1')?.starred).toBe(false);
    expect(refusal(() => editRun(db, 'r9', { name: 'x' })).code).toBe('NOT_FOUND');
  });

  it('take everything stored of them along when deleted', () => {
    addRun(db);
    storeTraining(db, 'r1', [step(1)], 1);
    deleteRun(db, 'r1');
    expect(listMetrics(db, 'r1')).toEqual([]);
    expect(refusal(() => deleteRun(db, 'r1')).code).toBe('NOT_FOUND');
  });
});

describe('markDeadRunsInterrupted', () => {
  it('marks runs whose process is gone, with the reason and an event', () => {
    addRun(db, 'r1');
    addRun(db, 'r2');
    addRun(db, 'r3');
    addRun(db, 'r4');
    claimRun(db, 'r1', dead, 10);
    storeTraining(db, 'r1', [step(1), step(2)], 11);
    claimRun(db, 'r2', dead, 10);
    setRunPaused(db, 'r2', true);
    claimRun(db, 'r3', ownerOf(), 10);
    endRun(db, 'r3', { state: 'finished', endedAt: 11 });

    expect(markDeadRunsInterrupted(db, 99).sort()).toEqual(['r1', 'r2']);
    const run = getRun(db, 'r1');
    expect(run).toMatchObject({ state: 'interrupted', endedAt: 99, step: 2 });
    expect(run?.reason).toContain(`process ${dead.pid}`);
    expect(listEvents(db, 'r1')).toMatchObject([
      { kind: 'interrupted', step: 2, at: 99, payload: { pid: dead.pid } },
    ]);
    expect(getRun(db, 'r3')?.state).toBe('finished');
    expect(getRun(db, 'r4')?.state).toBe('queued');
    expect(markDeadRunsInterrupted(db, 100)).toEqual([]);
  });

  it('leaves a run alone that another living process drives, until that is killed', async () => {
    const path = join(temporaryFolder(), 'studio.sqlite');
    const shared = openDatabase(path);
    addDataset(shared);
    addRun(shared);
    const child = startScript('test-owner-child.ts', [path, 'r1']);
    for await (const line of lines(child)) {
      expect(line).toBe('claimed');
      break;
    }
    expect(getRun(shared, 'r1')?.state).toBe('running');
    expect(markDeadRunsInterrupted(shared, 50)).toEqual([]);
    expect(refusal(() => claimRun(shared, 'r1', ownerOf(), 51)).details).toEqual({ pid: child.pid });

    child.kill('SIGKILL');
    await ended(child);
    expect(markDeadRunsInterrupted(shared, 60)).toEqual(['r1']);
    claimRun(shared, 'r1', ownerOf(), 61);
    expect(getRun(shared, 'r1')?.state).toBe('running');
    shared.close();
  });
});
