// Training through the real addon: every method in every state, order of events, snapshots, exact resume.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunConfig } from '../api/run-config.ts';
import type { CheckpointEvent, NativeTrainer, TrainEvent } from './addon.ts';
import { loadAddon } from './load-addon.ts';
import { makePack, tensorBytes, testConfig } from './test-net.ts';

const addon = loadAddon();

let folder = '';
let pack = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'alexnet-trainer-'));
  pack = await makePack(addon, folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function createTrainer(config: RunConfig = testConfig()): Promise<NativeTrainer> {
  return addon.createTrainer({ configJson: JSON.stringify(config), trainPack: pack, validationPack: pack });
}

/** Trains to the end; snapshots are released as they come. */
async function train(trainer: NativeTrainer) {
  const events: TrainEvent[] = [];
  const checkpoints: { event: CheckpointEvent; state: string; bytes: Record<string, string> }[] = [];
  const end = await trainer.start((batch) => {
    for (const event of batch) {
      events.push(event);
      if (event.kind !== 'checkpoint') continue;
      checkpoints.push({ event, state: event.snapshot.state, bytes: tensorBytes(event.snapshot) });
      event.snapshot.release();
    }
  });
  return { events, checkpoints, end };
}

const withoutTimes = (events: TrainEvent[]) =>
  events.map((event) =>
    event.kind === 'checkpoint' || event.kind === 'command' || event.kind === 'look'
      ? event.kind
      : { ...event, elapsedMs: 0, dataWaitMs: 0, exchangeMs: 0 },
  );

const invalid = expect.objectContaining({ code: 'INVALID_ARGUMENT' });
const busy = expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('busy') });
const closed = expect.objectContaining({
  code: 'INVALID_ARGUMENT',
  message: expect.stringContaining('closed'),
});
const command = { step: 0, steered: true, sequence: 1, command: 'pause' } as const;

test('events arrive complete and in order, checkpoints with their validation', async () => {
  const trainer = await createTrainer();
  expect(trainer).toMatchObject({ stepsPerEpoch: 3, totalSteps: 15 });
  const names = trainer.tensors.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['conv1.weight', 'fc3.bias', 'conv1.weight.velocity']));
  const { events, checkpoints, end } = await train(trainer);

  expect(end).toBe('finished');
  const steps = events.filter((event) => event.kind === 'step');
  expect(steps.map(({ step, epoch }) => [step, epoch])).toEqual(
    Array.from({ length: 15 }, (_, i) => [i + 1, Math.floor(i / 3) + 1]),
  );
  for (const { loss, top1Error, learningRate, images } of steps) {
    expect(loss).toBeGreaterThan(0);
    expect(top1Error).toBeGreaterThanOrEqual(0);
    expect(top1Error).toBeLessThanOrEqual(1);
    expect([learningRate, images]).toEqual([0.001, 4]);
  }
  expect(events.filter((event) => event.kind === 'validation')).toHaveLength(5);
  expect(checkpoints.map(({ event }) => [event.step, event.reason])).toEqual([
    [3, 'epoch'],
    [6, 'epoch'],
    [9, 'epoch'],
    [12, 'epoch'],
    [15, 'end'],
  ]);
  expect(checkpoints[0]?.event).toMatchObject({ epoch: 1, best: true, validation: { step: 3, images: 12 } });
  // The end's snapshot is what the trainer holds.
  expect(tensorBytes(trainer)).toEqual(checkpoints.at(-1)?.bytes);
  await trainer.close();
});

test('a run that is resumed from a snapshot equals the uninterrupted one bit for bit', async () => {
  const whole = await createTrainer();
  const first = await train(whole);
  const middle = first.checkpoints[2];
  await whole.close();

  const resumed = await createTrainer();
  for (const [name, base64] of Object.entries(middle?.bytes ?? {})) {
    const bytes = Uint8Array.from(Buffer.from(base64, 'base64'));
    // In two pieces, of which the second lies at an odd address.
    const half = Math.floor(bytes.length / 8) * 4;
    const odd = new Uint8Array(bytes.length - half + 1);
    odd.set(bytes.subarray(half), 1);
    resumed.load(name, 0, bytes.subarray(0, half));
    resumed.load(name, half / 4, odd.subarray(1));
  }
  resumed.loadState(middle?.state ?? '');
  const second = await train(resumed);
  const from = first.events.findIndex((event) => event.kind === 'step' && event.step === 10);
  expect(withoutTimes(second.events)).toEqual(withoutTimes(first.events.slice(from)));
  expect(second.checkpoints.at(-1)?.bytes).toEqual(first.checkpoints.at(-1)?.bytes);
  await resumed.close();
});

test('a trainer that has not been started: everything but running it', async () => {
  const trainer = await createTrainer();
  expect(() => trainer.load('conv9.weight', 0, new Uint8Array(4))).toThrow(
    expect.objectContaining({ code: 'NOT_FOUND' }),
  );
  expect(() => trainer.load('conv1.bias', 7, new Uint8Array(8))).toThrow(invalid);
  expect(() => trainer.load('conv1.bias', -1, new Uint8Array(4))).toThrow(invalid);
  expect(() => trainer.load('conv1.bias', 0, new Uint8Array(3))).toThrow(invalid);
  expect(() => trainer.load('conv1.bias', 0, new Float32Array(1) as unknown as Uint8Array)).toThrow(invalid);
  expect(() => trainer.loadState('no JSON')).toThrow(invalid);
  expect(() => trainer.replay([{ ...command, command: 'sing' } as unknown as typeof command])).toThrow(
    invalid,
  );
  expect(() => trainer.post({ command: 'freeze' })).toThrow(invalid);
  expect(() => trainer.post({ command: 'freeze', layer: 'conv9' })).toThrow(invalid);
  expect(() => trainer.post({ command: 'setRate', value: Number.NaN })).toThrow(invalid);
  await expect(trainer.start('no function' as never)).rejects.toEqual(invalid);
  expect(() => trainer.read('conv9.weight', 0, 1)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
  expect(() => trainer.read('conv1.bias', 0, 9)).toThrow(invalid);
  expect(() => trainer.read('conv1.bias', 2 ** 40, 1)).toThrow(invalid);
  expect(() => trainer.read('conv1.bias', 0, (16 << 20) / 4 + 1)).toThrow(invalid);
  const whole = Buffer.from(trainer.read('conv1.weight', 0, 600));
  const parts = [trainer.read('conv1.weight', 0, 599), trainer.read('conv1.weight', 599, 1)];
  expect(Buffer.concat(parts).equals(whole)).toBe(true);
  expect(trainer.read('conv1.weight', 600, 0)).toHaveLength(0);
  await trainer.close();
});

test('a tensor can be looked at while it trains, and nothing of it is recorded', async () => {
  const trainer = await createTrainer();
  expect(() => trainer.look('conv9.weight')).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
  trainer.look('conv1.weight');
  const before = Buffer.from(trainer.read('conv1.weight', 0, 600));
  const events: TrainEvent[] = [];
  await trainer.start((batch) => {
    events.push(...batch);
    for (const event of batch) if (event.kind === 'checkpoint') event.snapshot.release();
  });
  const looks = events.filter((event) => event.kind === 'look');
  expect(looks).toEqual([{ kind: 'look', step: 0, tensor: 'conv1.weight', values: expect.anything() }]);
  expect(Buffer.from(looks[0]?.values ?? []).equals(before)).toBe(true);
  expect(() => trainer.look('conv1.weight')).toThrow(invalid);
  await trainer.close();
});

test('a trainer that runs or has run: steering only, then reading only', async () => {
  const trainer = await createTrainer();
  trainer.post({ command: 'pause' });
  let applied = 0;
  const running = trainer.start((events) => {
    applied += events.filter((event) => event.kind === 'command').length;
    for (const event of events) if (event.kind === 'checkpoint') event.snapshot.release();
  });
  expect(trainer.stepsPerEpoch).toBe(3);
  expect(() => trainer.load('conv1.bias', 0, new Uint8Array(4))).toThrow(busy);
  expect(() => trainer.loadState('{}')).toThrow(busy);
  expect(() => trainer.replay([])).toThrow(busy);
  expect(() => trainer.read('conv1.bias', 0, 1)).toThrow(busy);
  await expect(trainer.start(() => {})).rejects.toEqual(busy);
  expect(() => trainer.post({ command: 'freeze', layer: 'conv9' })).toThrow(invalid);
  trainer.post({ command: 'setRate', value: 0.002 });
  trainer.post({ command: 'resume' });
  expect(await running).toBe('finished');
  expect(applied).toBe(3);

  const ended = expect.objectContaining({ code: 'INVALID_ARGUMENT' });
  expect(() => trainer.post({ command: 'pause' })).toThrow(ended);
  expect(() => trainer.load('conv1.bias', 0, new Uint8Array(4))).toThrow(ended);
  expect(() => trainer.loadState('{}')).toThrow(ended);
  await expect(trainer.start(() => {})).rejects.toEqual(ended);
  expect(trainer.read('conv1.bias', 0, 8)).toHaveLength(32);
  await trainer.close();
});

test('every method of a closed trainer says that it is closed', async () => {
  const trainer = await createTrainer();
  const closing = trainer.close();
  const calls: (() => unknown)[] = [
    () => trainer.stepsPerEpoch,
    () => trainer.totalSteps,
    () => trainer.tensors,
    () => trainer.load('conv1.bias', 0, new Uint8Array(4)),
    () => trainer.loadState('{}'),
    () => trainer.replay([]),
    () => trainer.post({ command: 'stop' }),
    () => trainer.read('conv1.bias', 0, 1),
  ];
  for (const call of calls) expect(call).toThrow(closed);
  await expect(trainer.start(() => {})).rejects.toEqual(closed);
  await Promise.all([closing, trainer.close()]);
  for (const call of calls) expect(call).toThrow(closed);
  await trainer.close();

  const made = new (trainer.constructor as new () => NativeTrainer)();
  expect(() => made.tensors).toThrow(closed);
  await made.close();
});

test('closing stops a run without a checkpoint, whatever JavaScript still holds', async () => {
  const trainer = await createTrainer(testConfig({ steps: 1_000_000 }));
  const held: CheckpointEvent[] = [];
  const running = trainer.start((events) => {
    for (const event of events) if (event.kind === 'checkpoint') held.push(event);
  });
  // The second snapshot waits for the first, which is never released.
  while (held.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await trainer.close();
  expect(await running).toBe('stopped');
  expect(held.map(({ reason }) => reason)).not.toContain('stop');
  expect(() => held[0]?.snapshot.read('conv1.bias', 0, 1)).toThrow(invalid);
  expect(() => held[0]?.snapshot.state).toThrow(invalid);
  held[0]?.snapshot.release();
});

test('stop ends a paused run with a checkpoint', async () => {
  const trainer = await createTrainer(testConfig({ steps: 1_000_000 }));
  trainer.post({ command: 'pause' });
  const reasons: string[] = [];
  const end = await trainer.start((events) => {
    for (const event of events) {
      if (event.kind === 'command' && event.command === 'pause') trainer.post({ command: 'stop' });
      if (event.kind !== 'checkpoint') continue;
      reasons.push(event.reason);
      event.snapshot.release();
      event.snapshot.release();
    }
  });
  expect(end).toBe('stopped');
  expect(reasons).toEqual(['stop']);
  await trainer.close();
});

test('a callback that throws ends training with its error', async () => {
  const trainer = await createTrainer(testConfig({ steps: 1_000_000 }));
  const thrown = new Error('the listener is broken');
  let calls = 0;
  const running = trainer.start(() => {
    calls += 1;
    throw thrown;
  });
  await expect(running).rejects.toBe(thrown);
  expect(calls).toBe(1);
  await trainer.close();
});

test('training that diverges says so', async () => {
  const config = testConfig({ steps: 500 });
  // Every step multiplies the weights by 1 - 1000.
  config.optimiser.learningRate = 1000;
  config.optimiser.weightDecay = 1;
  const trainer = await createTrainer(config);
  const { end, events, checkpoints } = await train(trainer);
  expect(end).toBe('diverged');
  expect(events.length).toBeLessThan(500);
  // What was kept before is whole: no checkpoint has values that are not finite.
  for (const { bytes } of checkpoints) {
    for (const base64 of Object.values(bytes)) {
      const values = new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);
      expect(values.every(Number.isFinite)).toBe(true);
    }
  }
  await trainer.close();
});

test('a data set of other classes, a missing pack and a missing device are refused', async () => {
  const wrong = testConfig();
  wrong.net.classes = 7;
  await expect(createTrainer(wrong)).rejects.toMatchObject({
    code: 'INVALID_CONFIG',
    details: { field: 'net.classes' },
  });
  const configJson = JSON.stringify(testConfig());
  const options = { configJson, trainPack: join(folder, 'none'), validationPack: '' };
  await expect(addon.createTrainer(options)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(createTrainer(testConfig({ devices: ['cuda:99'] }))).rejects.toMatchObject({
    code: 'DEVICE_UNAVAILABLE',
  });
});

test('the event loop stays free while the net trains', async () => {
  const trainer = await createTrainer(testConfig({ epochs: 30 }));
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 1);
  await train(trainer);
  clearInterval(timer);
  // Training itself takes longer than this; a machine with other work gets a wide margin.
  expect(longest).toBeLessThan(1000);
  await trainer.close();
});
