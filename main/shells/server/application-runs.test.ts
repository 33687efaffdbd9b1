// The contract over a real WebSocket on loopback, with the fake engine: runs, watched and steered.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StudioClient } from '../../api/contract.ts';
import type { RunBatch } from '../../api/operations/runs.ts';
import { TestApplication } from './testing/test-application.ts';
import { refusal, type TestServer, until } from './testing/test-server.ts';

let app: TestApplication;
let test: TestServer;
let client: StudioClient;
let datasetId: string;

beforeAll(async () => {
  app = await TestApplication.start();
  ({ test, client, datasetId } = app);
});
afterAll(() => app.close());

describe('runs', () => {
  const steps = (batches: readonly RunBatch[]) =>
    batches.flatMap(({ metrics }) => metrics.map(({ step }) => step));
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

  it('are checked as they are typed', async () => {
    const typed = { ...(await app.config(40)), threads: -1 };
    const { problems } = await client.config.check({ config: typed, datasetId });
    expect(problems).toEqual([expect.objectContaining({ field: 'threads', code: 'INVALID_CONFIG' })]);
    const good = await client.config.check({ config: await app.config(40), datasetId });
    expect(good.problems).toEqual([]);
    expect(good.plan).toEqual({ stepsPerEpoch: 12, totalSteps: 40, epochs: 40 / 12, images: 40 });
    expect(good.costs).toMatchObject([{ device: 'cpu', usable: true }]);
    const classes = { ...(await app.config(40)), net: { ...(await app.config(40)).net, classes: 7 } };
    const wrong = await client.config.check({ config: classes, datasetId });
    expect(wrong.problems[0]).toMatchObject({ field: 'net.classes' });
    expect((await client.config.check({ config: null })).problems).toHaveLength(1);
  });

  it('on the sample begin once there is one, and only what is trained here can be looked into', async () => {
    expect(await refusal(client.runs.startSample())).toMatchObject({
      code: 'DATASET_NOT_READY',
      message: expect.stringContaining('make it first'),
    });
    const { runId, jobId } = await app.startRun(3, 'over');
    await app.jobEnd(jobId);
    const looking = client.runs.liveKernels({ id: runId }).then((stream) => stream.next());
    expect(await refusal(looking)).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('are watched by several from wherever they left off, and go on while nobody is connected', async () => {
    const { runId, jobId } = await app.startRun(120, 'watched');
    const first = await test.client();
    const begun = await until(
      await first.client.runs.watch({ id: runId, afterStep: 0, afterEvent: 0 }),
      (batch) => batch.metrics.length > 0,
    );
    const left = steps(begun).at(-1) ?? 0;
    first.socket.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    // Another page, as after a reload: it says what it has, and gets the rest.
    const again = await test.client();
    const over = (batch: RunBatch) => batch.run?.state === 'finished';
    const [rest, all] = await Promise.all([
      until(await again.client.runs.watch({ id: runId, afterStep: left }), over),
      until(await client.runs.watch({ id: runId, afterStep: 0, afterEvent: 0 }), over),
    ]);
    expect([...steps(begun), ...steps(rest)]).toEqual(range(1, 120));
    expect(steps(all)).toEqual(range(1, 120));
    const kinds = all.flatMap(({ events }) => events.map(({ kind }) => kind));
    expect(kinds[0]).toBe('started');
    expect(kinds).toContain('checkpoint');
    expect((await app.jobEnd(jobId)).state).toBe('done');
    again.socket.close();
  });

  it('wait for each other on one device; one that waits can be cancelled and is gone', async () => {
    const first = await app.startRun(200, 'first');
    const second = await app.startRun(10, 'second');
    const third = await app.startRun(10, 'third');
    const state = async (id: string) => (await client.jobs.list()).find((job) => job.id === id)?.state;
    expect(await state(second.jobId)).toBe('queued');
    await client.jobs.move({ id: third.jobId, before: second.jobId });
    await client.jobs.cancel({ id: second.jobId });
    expect(await refusal(client.runs.show({ id: second.runId }))).toMatchObject({ code: 'NOT_FOUND' });
    await app.jobEnd(first.jobId);
    expect((await app.jobEnd(third.jobId)).state).toBe('done');
    expect(await state(second.jobId)).toBe('cancelled');
  });

  it('that are stopped by an order are not told as done', async () => {
    const { runId, jobId } = await app.startRun(600, 'ordered to stop');
    await until(await client.runs.watch({ id: runId, afterStep: 0 }), ({ metrics }) => metrics.length > 0);
    await client.runs.steer({ id: runId, command: { command: 'stop' } });
    expect((await app.jobEnd(jobId)).state).toBe('cancelled');
    expect((await client.runs.show({ id: runId })).state).toBe('stopped');
  });

  it('are steered, paused and stopped with a checkpoint, resumed to the end', async () => {
    const { runId, jobId } = await app.startRun(600, 'steered');
    await until(await client.runs.watch({ id: runId, afterStep: 0 }), ({ metrics }) => metrics.length > 0);
    expect((await client.runs.show({ id: runId })).steerable).toBe(true);
    await client.runs.steer({ id: runId, command: { command: 'setRate', value: 0.5 } });
    const unknown = { command: 'freeze', layer: 'conv9' } as const;
    expect(await refusal(client.runs.steer({ id: runId, command: unknown }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('no layer conv9'),
    });
    const valueless = { command: 'setRate' } as const;
    expect(await refusal(client.runs.steer({ id: runId, command: valueless }))).toMatchObject({
      details: { field: 'value' },
    });
    await client.jobs.pause({ id: jobId });
    await until(await client.runs.watch({ id: runId }), (batch) => batch.run?.state === 'paused');
    const { step } = await client.runs.show({ id: runId });
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect((await client.runs.show({ id: runId })).step).toBe(step);
    await client.runs.steer({ id: runId, command: { command: 'resume' } });
    await until(await client.runs.watch({ id: runId }), ({ metrics }) => metrics.length > 0);
    expect(await refusal(client.runs.delete({ ids: [runId] }))).toMatchObject({ code: 'BUSY' });
    await client.jobs.cancel({ id: jobId });
    expect((await app.jobEnd(jobId)).state).toBe('cancelled');
    const stopped = await client.runs.show({ id: runId });
    expect(stopped).toMatchObject({ state: 'stopped', steerable: false, jobId: null });
    expect(stopped.checkpoints.length).toBeGreaterThan(0);
    const commands = stopped.events
      .filter(({ kind }) => kind === 'command')
      .map(({ payload }) => payload.command);
    expect(commands).toEqual(['setRate', 'pause', 'resume', 'stop']);
    const resumed = await client.runs.resume({ id: runId, threads: 2 });
    expect(await refusal(client.runs.resume({ id: runId }))).toMatchObject({ code: 'BUSY' });
    expect((await app.jobEnd(resumed.jobId)).state).toBe('done');
    expect(await client.runs.show({ id: runId })).toMatchObject({
      state: 'finished',
      step: 600,
      config: { threads: 2 },
    });
    expect(await refusal(client.runs.resume({ id: runId }))).toMatchObject({ code: 'RUN_NOT_RESUMABLE' });
  });

  it('are listed by filter, search and order, edited, compared and deleted', async () => {
    const { runs, total } = await client.runs.list({ datasetId, sort: 'step', descending: false });
    expect(total).toBe(runs.length);
    expect(runs.map(({ step }) => step)).toEqual(runs.map(({ step }) => step).sort((a, b) => a - b));
    const [a, b] = runs;
    if (a === undefined || b === undefined) throw new Error('there are two runs');
    const edited = await client.runs.edit({
      id: a.id,
      starred: true,
      tags: ['good', 'wide'],
      notes: 'Keep it',
    });
    expect(edited).toMatchObject({ starred: true, tags: ['good', 'wide'], notes: 'Keep it' });
    const ids = async (request: object) => (await client.runs.list(request)).runs.map(({ id }) => id);
    expect(await ids({ starred: true })).toEqual([a.id]);
    expect(await ids({ tag: 'wide' })).toEqual([a.id]);
    expect(await ids({ search: 'KEEP' })).toEqual([a.id]);
    expect(await ids({ states: ['running'] })).toEqual([]);
    expect(await ids({ preset: 'nothing' })).toEqual([]);
    expect((await client.runs.list({ limit: 1, offset: 1 })).runs).toHaveLength(1);
    expect((await client.runs.facets()).tags).toEqual([
      { tag: 'good', count: 1 },
      { tag: 'wide', count: 1 },
    ]);
    const compared = await client.runs.compare({ ids: [a.id, b.id], points: 10 });
    expect(compared.runs.map(({ id }) => id)).toEqual([a.id, b.id]);
    expect(compared.differences.map(({ field }) => field)).toContain('steps');
    expect(compared.curves).toHaveLength(2);
    expect(await client.runs.doctor({ id: a.id })).toHaveLength(1);
    const removal = await client.runs.removal({ ids: [b.id] });
    expect(removal.sizeBytes).toBeGreaterThan(0);
    await client.runs.delete({ ids: [b.id] });
    expect(await ids({ search: b.id })).toEqual([]);
  });

  it('lose checkpoints one by one, and their space', async () => {
    const runId = await app.trainedRun(64, 'checkpoints');
    const before = await client.runs.checkpoints({ id: runId });
    const { sizeBytes } = await client.runs.show({ id: runId });
    const [oldest] = before;
    expect(before.length).toBeGreaterThan(1);
    const left = await client.runs.deleteCheckpoints({ id: runId, checkpointIds: [oldest?.id ?? 0] });
    expect(left).toEqual(before.slice(1));
    expect((await client.runs.show({ id: runId })).sizeBytes).toBeLessThanOrEqual(sizeBytes);
    const missing = client.runs.deleteCheckpoints({ id: runId, checkpointIds: [oldest?.id ?? 0] });
    expect(await refusal(missing)).toMatchObject({ code: 'NOT_FOUND' });
    const layers = await client.runs.layers({ id: runId });
    expect(layers.layers[0]).toMatchObject({ layer: expect.any(String), weights: expect.any(Number) });
  });
});
