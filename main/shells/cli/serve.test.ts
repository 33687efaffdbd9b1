// `serve` as its users meet it: a child process with the fake engine, killed and started again.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/websocket';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { StudioClient } from '../../api/contract.ts';
import { fakeEnvironment, TestFolder } from '../../services/testing/test-studio.ts';

const entry = fileURLToPath(new URL('main.ts', import.meta.url));

// Every test starts processes, which takes long where others compute on the same cores.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

let folder: TestFolder;
let children: ChildProcess[] = [];
beforeEach(() => {
  folder = new TestFolder();
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  children = [];
  await folder.remove();
});

function start(...args: string[]): ChildProcess {
  const env = { ...fakeEnvironment({ stepMs: 4 }), ALEXNET_STUDIO_HOME: folder.path('home') };
  const child = spawn(process.execPath, [entry, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  return child;
}

async function output(child: ChildProcess): Promise<{ status: number | null; text: string }> {
  let text = '';
  child.stdout?.on('data', (part: Buffer) => {
    text += part.toString();
  });
  child.stderr?.resume();
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, text };
}

interface Serving {
  child: ChildProcess;
  url: string;
  port: number;
  client: StudioClient;
  left: Promise<unknown[]>;
}

async function serve(...args: string[]): Promise<Serving> {
  const child = start('serve', '--json', ...args);
  const left = once(child, 'exit');
  child.stderr?.resume();
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const [line] = (await once(lines, 'line')) as [string];
  const { event, url, port } = JSON.parse(line) as { event: string; url: string; port: number };
  expect(event).toBe('serving');
  const token = new URL(url).searchParams.get('token');
  const headers: unknown = {
    headers: { Authorization: `Bearer ${token}`, Origin: `http://127.0.0.1:${port}` },
  };
  const websocket = new WebSocket(`ws://127.0.0.1:${port}/rpc`, headers as string[]);
  await new Promise((resolve) => websocket.addEventListener('open', resolve));
  const client: unknown = createORPCClient(new RPCLink({ websocket }));
  return { child, url, port, client: client as StudioClient, left };
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 30));
}

it('prints its address, ends with 130 when it is interrupted, and keeps its token', async () => {
  const first = await serve('--port', '0');
  const token = readFileSync(folder.path('home/serve-token'), 'utf8').trim();
  expect(first.url).toBe(`http://127.0.0.1:${first.port}/?token=${token}`);
  expect(await first.client.datasets.list()).toEqual([]);

  // One application a data directory; the other commands go on to work beside it.
  const second = await output(start('serve', '--port', '0', '--json'));
  expect(second.status).toBe(1);
  expect(JSON.parse(second.text)).toMatchObject({
    error: { code: 'BUSY', message: expect.stringContaining('in use by process') },
  });
  expect((await output(start('dataset', 'list', '--json'))).status).toBe(0);

  first.child.kill('SIGINT');
  expect(await first.left).toEqual([130, null]);
  const third = await serve('--port', String(first.port));
  expect(third.url).toBe(first.url);
  third.child.kill('SIGTERM');
  expect(await third.left).toEqual([130, null]);
});

it('says that a port is taken', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  const { status, text } = await output(start('serve', '--port', String(port), '--json'));
  expect(status).toBe(1);
  expect(JSON.parse(text)).toMatchObject({ error: { code: 'BUSY', details: { port } } });
  taken.close();
  expect((await output(start('serve', '--port', '70000'))).status).toBe(2);
});

it('keeps the queue when it is killed: what ran can be resumed to its end, what waited is run', async () => {
  const first = await serve('--port', '0');
  const { train, val } = folder.photos();
  await first.client.datasets.add({ name: 'pets', train, val });
  await until(async () => (await first.client.datasets.list())[0]?.state === 'ready');
  const datasetId = (await first.client.datasets.list())[0]?.id ?? '';
  const preset = await first.client.config.fromPreset({ preset: 'alexnet', datasetId });
  const { epochs: _epochs, ...rest } = preset;
  const config = (steps: number) => ({ ...rest, steps, optimiser: { ...rest.optimiser, batchSize: 8 } });
  const long = await first.client.runs.start({ datasetId, config: config(300), name: 'long' });
  const short = await first.client.runs.start({ datasetId, config: config(20), name: 'short' });
  await until(async () => (await first.client.runs.show({ id: long.runId })).step > 30);
  first.child.kill('SIGKILL');
  await first.left;

  const second = await serve('--port', '0');
  const job = async (id: string) => (await second.client.jobs.list()).find((one) => one.id === id);
  expect(await job(long.jobId)).toMatchObject({ state: 'interrupted', subject: long.runId });
  const interrupted = await second.client.runs.show({ id: long.runId });
  expect(interrupted).toMatchObject({ state: 'interrupted', steerable: false });
  expect(interrupted.reason).toContain('resume continues');
  await until(async () => (await job(short.jobId))?.state === 'done');
  const resumed = await second.client.runs.resume({ id: long.runId });
  await until(async () => (await job(resumed.jobId))?.state === 'done');
  expect(await second.client.runs.show({ id: long.runId })).toMatchObject({ state: 'finished', step: 300 });
  second.child.kill('SIGINT');
  expect(await second.left).toEqual([130, null]);
});

it('stops what trains with a checkpoint when it is interrupted', async () => {
  const first = await serve('--port', '0');
  const { train, val } = folder.photos();
  await first.client.datasets.add({ name: 'pets', train, val });
  await until(async () => (await first.client.datasets.list())[0]?.state === 'ready');
  const datasetId = (await first.client.datasets.list())[0]?.id ?? '';
  const preset = await first.client.config.fromPreset({ preset: 'alexnet', datasetId });
  const { epochs: _epochs, ...rest } = preset;
  const config = { ...rest, steps: 100_000, optimiser: { ...rest.optimiser, batchSize: 8 } };
  const { runId } = await first.client.runs.start({ datasetId, config });
  await until(async () => (await first.client.runs.show({ id: runId })).step > 10);
  first.child.kill('SIGINT');
  expect(await first.left).toEqual([130, null]);
  const { text } = await output(start('runs', 'show', runId, '--json'));
  const run = JSON.parse(text) as {
    state: string;
    step: number;
    checkpoints: { reason: string; step: number }[];
  };
  expect(run.state).toBe('stopped');
  expect(run.checkpoints.at(-1)).toMatchObject({ reason: 'stop', step: run.step });
});
