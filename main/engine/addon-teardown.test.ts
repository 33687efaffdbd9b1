// The environment ends while the engine works: a worker thread is terminated, a process exits. Nothing may
// abort, hang or leak.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadAddon } from './load-addon.ts';
import { makePack, writeImages } from './test-net.ts';
import type { WorkerTask } from './test-worker.ts';

const script = join(import.meta.dirname, 'test-worker.ts');

let folder = '';
let task: Omit<WorkerTask, 'kind'>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'alexnet-teardown-'));
  const pack = await makePack(loadAddon(), folder);
  task = { folder, pack, paths: writeImages(join(folder, 'photos'), 4) };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Ends a worker `afterMs` after its work has begun; returns what went wrong in it. */
async function terminateDuring(kind: WorkerTask['kind'], afterMs: number): Promise<unknown> {
  const workerData: WorkerTask = { kind, ...task };
  const worker = new Worker(script, { workerData });
  let failure: unknown;
  worker.on('error', (error) => {
    failure = error;
  });
  await new Promise<void>((resolve) => {
    worker.once('message', () => resolve());
    worker.once('exit', () => resolve());
  });
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  await worker.terminate();
  return failure;
}

test('25 environments end in the middle of training', async () => {
  await terminateDuring('train', 0);
  const before = process.memoryUsage().rss;
  for (let i = 0; i < 25; i += 1) expect(await terminateDuring('train', (i * 7) % 40)).toBeUndefined();
  // A trainer with its packs and threads takes some megabytes; 25 that stayed would show.
  expect(process.memoryUsage().rss - before).toBeLessThan(150 * 2 ** 20);
});

test.each(['pack', 'classify', 'create'] as const)('environments end in the middle of: %s', async (kind) => {
  for (const afterMs of [0, 5, 30]) expect(await terminateDuring(kind, afterMs)).toBeUndefined();
});

test('a process exits in the middle of training with the code that it was given', () => {
  const { status, signal, stderr } = spawnSync(
    process.execPath,
    [script, JSON.stringify({ kind: 'exit', ...task })],
    { encoding: 'utf8' },
  );
  expect({ status, signal, stderr }).toEqual({ status: 7, signal: null, stderr: '' });
});
