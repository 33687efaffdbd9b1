import { beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../api/errors.ts';
import type { Job } from '../../api/operations/jobs.ts';
import type { WritableDatabase } from '../../data/database.ts';
import { getJob } from '../../data/jobs.ts';
import { openDatabase } from '../../data/open-database.ts';
import { refusal } from '../../data/test-errors.ts';
import { Changes } from '../changes.ts';
import type { JobContext, JobKind, JobRequest } from './job-kind.ts';
import { type JobKinds, JobQueue } from './job-queue.ts';

/** A job under way, ended by the test. */
interface Work {
  context: JobContext;
  finish(error?: unknown): void;
}

let db: WritableDatabase;
let works: Map<string, Work>;
let paused: boolean[];
let discarded: string[];
let logged: string[];

/** Jobs name their slot; what they do is the test's. */
function kind(changes: Partial<JobKind> = {}): JobKind {
  return {
    slots: (request) => [String(request.slot)],
    pausing: 'never',
    run: (request: JobRequest, context: JobContext) =>
      new Promise<void>((resolve, reject) => {
        const finish = (error?: unknown) => (error === undefined ? resolve() : reject(error));
        works.set(String(request.name), { context, finish });
        context.signal.addEventListener('abort', () => finish(new AppError('CANCELLED', 'stopped')));
      }),
    ...changes,
  };
}

function makeQueue(): JobQueue {
  const plain = kind();
  const kinds: JobKinds = {
    train: kind({
      pausing: 'inPlace',
      setPaused: (_job, now) => paused.push(now),
      discard: (job) => discarded.push(job.title),
    }),
    addDataset: kind({ pausing: 'byStopping' }),
    evaluate: plain,
    classify: plain,
    sortPhotos: plain,
    verifyDataset: plain,
    findDuplicates: plain,
    buildIndex: plain,
    importModel: plain,
    exportModel: plain,
  };
  const log = (line: string) => logged.push(line);
  return new JobQueue({ db, changes: new Changes(), kinds, log, now: Date.now, retryMs: 5 });
}

function add(queue: JobQueue, name: string, slot: string, what: Job['kind'] = 'evaluate'): string {
  return queue.add({ kind: what, title: name, request: { name, slot }, subject: `subject of ${name}` });
}

async function settled(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}

function work(name: string): Work {
  const found = works.get(name);
  if (found === undefined) throw new Error(`${name} has not begun`);
  return found;
}

const states = (queue: JobQueue) => Object.fromEntries(queue.list().map((job) => [job.title, job.state]));

beforeEach(() => {
  db = openDatabase(':memory:');
  works = new Map();
  paused = [];
  discarded = [];
  logged = [];
  return () => db.close();
});

describe('JobQueue', () => {
  it('runs one a slot, the others in order', async () => {
    const queue = makeQueue();
    queue.start();
    for (const [name, slot] of [
      ['a', 'cpu'],
      ['b', 'cpu'],
      ['c', 'gpu'],
      ['d', 'cpu'],
    ] as const) {
      add(queue, name, slot);
    }
    expect([...works.keys()]).toEqual(['a', 'c']);
    work('a').finish();
    await settled();
    expect([...works.keys()]).toEqual(['a', 'c', 'b']);
    expect(states(queue)).toEqual({ a: 'done', b: 'running', c: 'running', d: 'queued' });
    expect(queue.list().map((job) => job.title)).toEqual(['b', 'c', 'd', 'a']);
  });

  it('takes work that was stopped by an order of its own as stopped', async () => {
    const queue = makeQueue();
    queue.start();
    add(queue, 'a', 'cpu', 'train');
    work('a').finish(new AppError('CANCELLED', 'it was stopped'));
    await settled();
    expect(states(queue)).toEqual({ a: 'cancelled' });
  });

  it('waits until it is started', () => {
    const queue = makeQueue();
    add(queue, 'a', 'cpu');
    expect(works.size).toBe(0);
    queue.start();
    expect([...works.keys()]).toEqual(['a']);
  });

  it('lets the order be changed', async () => {
    const queue = makeQueue();
    queue.start();
    add(queue, 'a', 'cpu');
    const b = add(queue, 'b', 'cpu');
    const c = add(queue, 'c', 'cpu');
    const d = add(queue, 'd', 'cpu');
    queue.move(d, b);
    queue.move(b, null);
    expect(queue.list().map((job) => job.title)).toEqual(['a', 'd', 'c', 'b']);
    queue.cancel(c);
    work('a').finish();
    await settled();
    expect(states(queue)).toMatchObject({ d: 'running', c: 'cancelled', b: 'queued' });
    expect(refusal(() => queue.move(d, null)).code).toBe('INVALID_ARGUMENT');
  });

  it('keeps what a job tells: progress, subject, result, what was left out', async () => {
    const queue = makeQueue();
    queue.start();
    const id = add(queue, 'a', 'cpu');
    const { context, finish } = work('a');
    const progress = {
      phase: 'p',
      done: 1,
      total: 2,
      unit: 'images',
      perSecond: 3,
      remainingMs: 4,
    } as const;
    context.progress(progress);
    context.subject('s');
    context.result('r');
    context.skipped(5);
    expect(queue.get(id)).toMatchObject({ progress, subject: 's', result: 'r', skipped: 5 });
    expect(queue.findBySubject('s', ['evaluate'])?.id).toBe(id);
    expect(queue.findBySubject('s', ['train'])).toBeUndefined();
    finish();
    await settled();
    expect(queue.get(id)).toMatchObject({ state: 'done', progress: null, result: 'r' });
    expect(queue.findBySubject('s', ['evaluate'])).toBeUndefined();
  });

  it('tells why one failed, and logs only what was not foreseen', async () => {
    const queue = makeQueue();
    queue.start();
    const foreseen = add(queue, 'a', '1');
    const bug = add(queue, 'b', '2');
    work('a').finish(new AppError('DISK_FULL', 'the disk is full'));
    work('b').finish(new TypeError('x is undefined'));
    await settled();
    expect(queue.get(foreseen)).toMatchObject({ state: 'failed', error: { code: 'DISK_FULL' } });
    expect(queue.get(bug)).toMatchObject({ state: 'failed', error: { code: 'INTERNAL' } });
    expect(logged).toHaveLength(1);
    expect(logged[0]).toContain('TypeError: x is undefined');
  });

  it('tells work whose engine died from work that failed', async () => {
    const queue = makeQueue();
    queue.start();
    const id = add(queue, 'a', 'cpu', 'train');
    work('a').finish(new AppError('ENGINE_DIED', 'killed'));
    await settled();
    expect(queue.get(id)).toMatchObject({ state: 'interrupted', error: { code: 'ENGINE_DIED' } });
  });

  it('cancels what runs and what waits', async () => {
    const queue = makeQueue();
    queue.start();
    const running = add(queue, 'a', 'cpu', 'train');
    const waiting = add(queue, 'b', 'cpu', 'train');
    queue.cancel(waiting);
    queue.cancel(running);
    await settled();
    expect(states(queue)).toEqual({ a: 'cancelled', b: 'cancelled' });
    expect(discarded).toEqual(['b']);
    expect(refusal(() => queue.cancel(running)).code).toBe('INVALID_ARGUMENT');
    expect(refusal(() => queue.cancel('nothing')).code).toBe('NOT_FOUND');
  });

  it('pauses in place: the slot stays taken', () => {
    const queue = makeQueue();
    queue.start();
    const a = add(queue, 'a', 'cpu', 'train');
    add(queue, 'b', 'cpu', 'train');
    expect(queue.get(a).canPause).toBe(true);
    queue.pause(a);
    expect(states(queue)).toEqual({ a: 'paused', b: 'queued' });
    expect(refusal(() => queue.pause(a)).code).toBe('INVALID_ARGUMENT');
    queue.resume(a);
    expect(states(queue)).toEqual({ a: 'running', b: 'queued' });
    expect(paused).toEqual([true, false]);
  });

  it('pauses by stopping: the slot is free, and it is run again', async () => {
    const queue = makeQueue();
    queue.start();
    const a = add(queue, 'a', 'disk', 'addDataset');
    add(queue, 'b', 'disk', 'addDataset');
    queue.pause(a);
    await settled();
    expect(states(queue)).toEqual({ a: 'paused', b: 'running' });
    queue.resume(a);
    expect(states(queue)).toEqual({ a: 'queued', b: 'running' });
    work('b').finish();
    await settled();
    expect(states(queue)).toMatchObject({ a: 'running' });
  });

  it('refuses to pause what cannot', () => {
    const queue = makeQueue();
    queue.start();
    const a = add(queue, 'a', 'cpu');
    expect(refusal(() => queue.pause(a)).message).toContain('cancel it instead');
  });

  it('is kept over a restart: what ran is interrupted, what waited goes on', async () => {
    const first = makeQueue();
    first.start();
    add(first, 'a', 'cpu', 'train');
    add(first, 'b', 'cpu', 'train');
    works.clear();
    // The process dies here.
    const second = makeQueue();
    expect(states(second)).toEqual({ a: 'running', b: 'queued' });
    second.start();
    expect(states(second)).toEqual({ a: 'interrupted', b: 'running' });
    expect([...works.keys()]).toEqual(['b']);
    await second.close();
    expect(states(second)).toMatchObject({ b: 'interrupted' });
  });

  it('tells those who watch everything unfinished, then every change; progress not more often than is read', async () => {
    const queue = makeQueue();
    queue.start();
    add(queue, 'a', 'cpu');
    const leave = new AbortController();
    const seen: string[] = [];
    const watching = (async () => {
      for await (const job of queue.watch(leave.signal)) seen.push(`${job.title} ${job.state}`);
    })();
    add(queue, 'b', 'cpu');
    const { context, finish } = work('a');
    for (let done = 0; done < 1000; done++) {
      context.progress({ phase: '', done, total: 1000, unit: 'images', perSecond: null, remainingMs: null });
    }
    finish();
    await settled();
    leave.abort();
    await watching;
    expect(seen.filter((line) => line === 'a running').length).toBeLessThan(5);
    expect(seen).toEqual(expect.arrayContaining(['a running', 'b queued', 'a done', 'b running']));
  });

  it('forgets ended jobs when asked to', async () => {
    const queue = makeQueue();
    queue.start();
    const a = add(queue, 'a', 'cpu');
    add(queue, 'b', 'cpu');
    work('a').finish();
    await settled();
    queue.clear();
    expect(states(queue)).toEqual({ b: 'running' });
    expect(refusal(() => queue.get(a)).code).toBe('NOT_FOUND');
  });
});

describe('a database that takes nothing, on a full disk say', () => {
  const fill = () =>
    db.run(
      'fill',
      "CREATE TRIGGER full BEFORE UPDATE ON jobs BEGIN SELECT RAISE(ABORT, 'the disk is full'); END",
    );
  const free = () => db.run('free', 'DROP TRIGGER full');
  const stored = (id: string) => getJob(db, id)?.state;
  async function eventually(fits: () => boolean): Promise<void> {
    while (!fits()) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  it('ends nothing but what is stored: jobs are told as they are, and kept once it takes them', async () => {
    const queue = makeQueue();
    queue.start();
    const first = add(queue, 'first', 'a');
    const second = add(queue, 'second', 'a');
    fill();
    work('first').finish(new AppError('DISK_FULL', 'the disk is full'));
    await settled();
    expect(queue.get(first)).toMatchObject({
      state: 'failed',
      error: { code: 'DISK_FULL' },
      canPause: false,
    });
    expect(stored(first)).toBe('running');
    expect(states(queue)).toEqual({ first: 'failed', second: 'queued' });
    expect(logged.join()).toContain('the disk is full');
    free();
    await eventually(() => stored(first) === 'failed' && stored(second) === 'running');
    work('second').finish();
    await settled();
    expect(queue.get(second).state).toBe('done');
    await queue.close();
  });
});
