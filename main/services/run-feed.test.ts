import { beforeEach, expect, it } from 'vitest';
import type { RunBatch } from '../api/operations/runs.ts';
import type { WritableDatabase } from '../data/database.ts';
import { forgetRepeatedEvents, insertEvent } from '../data/events.ts';
import { storeTraining } from '../data/metrics.ts';
import { openDatabase } from '../data/open-database.ts';
import { claimRun, endRun } from '../data/runs.ts';
import { addDataset, addRun, step, validation } from '../data/test-rows.ts';
import { RunFeed } from './run-feed.ts';
import { collect } from './testing/collect.ts';

let db: WritableDatabase;
let feed: RunFeed;

beforeEach(() => {
  db = openDatabase(':memory:');
  addDataset(db);
  addRun(db);
  claimRun(db, 'r1', { pid: process.pid, started: null }, 1);
  feed = new RunFeed(db);
  return () => db.close();
});

function train(from: number, to: number): void {
  const records = Array.from({ length: to - from + 1 }, (_, i) => step(from + i));
  storeTraining(db, 'r1', records, 1);
  feed.notify('r1');
}

function end(): void {
  endRun(db, 'r1', { state: 'finished', endedAt: 9 });
  insertEvent(db, 'r1', { step: 0, kind: 'ended', payload: {}, at: 9 });
  feed.notify('r1');
}

const steps = (batches: readonly RunBatch[]) =>
  batches.flatMap((batch) => batch.metrics.map((metric) => metric.step));
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const signal = () => new AbortController().signal;

it('gives everyone everything once, in order, from where each left off', async () => {
  train(1, 10);
  const all = collect(feed.watch({ id: 'r1', afterStep: 0, afterEvent: 0 }, signal()));
  const late = collect(feed.watch({ id: 'r1', afterStep: 7 }, signal()));
  const fresh = collect(feed.watch({ id: 'r1' }, signal()));
  for (let at = 11; at <= 30; at++) {
    await new Promise((resolve) => setImmediate(resolve));
    train(at, at);
  }
  storeTraining(db, 'r1', [validation(3)], 1);
  end();
  expect(steps(await all)).toEqual(range(1, 30));
  expect(steps(await late)).toEqual(range(8, 30));
  expect(steps(await fresh)).toEqual(range(11, 30));
  for (const batches of [await all, await late, await fresh]) {
    expect(batches.flatMap((batch) => batch.validations.map(({ epoch }) => epoch))).toEqual([3]);
    expect(batches.flatMap((batch) => batch.events.map(({ kind }) => kind))).toEqual(['ended']);
    expect(batches.at(-1)?.run?.state).toBe('finished');
  }
});

it('tells the validation of the last known step again, since it may have come after it', async () => {
  train(1, 10);
  storeTraining(db, 'r1', [validation(1)], 1);
  end();
  const batches = await collect(feed.watch({ id: 'r1', afterStep: 10, afterEvent: 0 }, signal()));
  expect(batches.flatMap((batch) => batch.validations.map(({ epoch }) => epoch))).toEqual([1]);
  expect(steps(batches)).toEqual([]);
});

it('leaves no event out where a resume removed the last ones and logs anew', async () => {
  const event = (at: number) =>
    insertEvent(db, 'r1', { step: at, kind: 'checkpoint', payload: { step: at }, at });
  event(5);
  const last = event(9);
  const watching = collect(feed.watch({ id: 'r1', afterStep: 0, afterEvent: last }, signal()));
  await new Promise((resolve) => setImmediate(resolve));
  forgetRepeatedEvents(db, 'r1', 6);
  event(8);
  end();
  const events = (await watching).flatMap((batch) => batch.events);
  expect(events.map(({ step: at, kind }) => `${kind} ${at}`)).toEqual(['checkpoint 8', 'ended 0']);
});

it('says where too much was missed instead of telling it', async () => {
  train(1, 20_050);
  end();
  const batches = await collect(feed.watch({ id: 'r1', afterStep: 10 }, signal()));
  expect(batches[0]?.gap).toEqual({ fromStep: 11, toStep: 20_050 });
  expect(steps(batches)).toEqual([]);
});

it('notices what another process stores, without being told', async () => {
  const leave = new AbortController();
  const watching = feed.watch({ id: 'r1', afterStep: 0 }, leave.signal);
  expect((await watching.next()).value?.metrics).toEqual([]);
  storeTraining(db, 'r1', [step(1)], 1);
  expect((await watching.next()).value?.metrics).toHaveLength(1);
  leave.abort();
  expect((await watching.next()).done).toBe(true);
});

it('refuses a run that is not there', async () => {
  await expect(feed.watch({ id: 'none' }, signal()).next()).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
