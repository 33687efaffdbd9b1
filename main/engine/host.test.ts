// Training in the host with the fake engine, in real child processes; how a host dies.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EngineHost } from './client.ts';
import { encodeTensors, readFakeCheckpoints } from './fake-storage.ts';
import { FakeTensors, fakeParameters } from './fake-trainer.ts';
import { forkHost } from './fork-host.ts';
import type { FromHost, TrainJob } from './protocol.ts';
import { failureOf, fakeSpawn, has, records, start, steps, trainJob } from './test-host.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'alexnet-host-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function job(changes: Partial<TrainJob> = {}, config: object = {}): TrainJob {
  return trainJob(join(folder, 'run.json'), changes, config);
}

test('training tells every step in order and each checkpoint after the steps that it holds', async () => {
  const { host, messages } = start(job());
  await host.ended;

  expect(messages[0]).toMatchObject({ type: 'ready', version: '0.0.0-fake' });
  expect(messages[1]).toEqual({
    type: 'planned',
    stepsPerEpoch: 8,
    totalSteps: 40,
    fromStep: 0,
    parameters: 4 * 75 + 4 + 300 + 3,
  });
  expect(steps(messages).map(({ step }) => step)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));

  const checkpoints = messages.filter((message) => message.type === 'checkpoint');
  expect(checkpoints.map(({ checkpoint }) => checkpoint.step)).toEqual([8, 16, 24, 32, 40]);
  for (const message of checkpoints) {
    const before = messages.slice(0, messages.indexOf(message));
    expect(steps(before).at(-1)?.step).toBeGreaterThanOrEqual(message.checkpoint.step);
  }
  expect(messages.slice(-2)).toEqual([{ type: 'trained', end: 'finished', step: 40 }, { type: 'finished' }]);
  // Each checkpoint keeps what was told since the one before.
  const kept = readFakeCheckpoints(join(folder, 'run.json'));
  expect(kept.map((checkpoint) => checkpoint.records.map(({ step }) => step))).toEqual(
    [0, 8, 16, 24, 32].map((from) => Array.from({ length: 8 }, (_, i) => from + i + 1)),
  );
});

test('training is told at most ten times a second', async () => {
  const { host, messages } = start(job({}, { steps: 300 }), { stepMs: 2, images: 8000 });
  const began = performance.now();
  await host.ended;
  const elapsedMs = performance.now() - began;
  expect(steps(messages)).toHaveLength(300);
  // One more at the end, and one that a checkpoint cuts in two.
  expect(messages.filter(has('training')).length).toBeLessThanOrEqual(elapsedMs / 100 + 2);
});

test('kill -9 loses nothing that was told, and the resumed run equals the uninterrupted one', async () => {
  const whole = start(job({ checkpointFile: join(folder, 'whole.json') }));
  await whole.host.ended;

  const killed = start(job(), { crashAtStep: { step: 21, signal: 'SIGKILL' } });
  const death = await failureOf(killed.host);
  expect(death).toMatchObject({ code: 'ENGINE_DIED', details: { signal: 'SIGKILL' } });
  expect(death.message).toContain('memory');

  const fromStep = readFakeCheckpoints(join(folder, 'run.json')).at(-1)?.step ?? 0;
  expect(fromStep).toBeGreaterThanOrEqual(8); // the second snapshot waits until the first one is stored
  const resumed = start(job({ resume: true }));
  await resumed.host.ended;
  expect(resumed.messages.find(has('planned'))).toMatchObject({ fromStep });
  // What the checkpoints kept comes first: a parent that died as well is missing it.
  const kept = resumed.messages[2];
  if (kept?.type !== 'kept') throw new Error('the kept records were expected');
  expect(kept.checkpointId).toBe(fromStep / 8);
  const before = steps(whole.messages).slice(0, fromStep);
  expect(kept.events).toEqual(before);
  expect([...before, ...steps(resumed.messages)]).toEqual(steps(whole.messages));
  expect(readFakeCheckpoints(join(folder, 'run.json')).at(-1)?.tensors).toEqual(
    readFakeCheckpoints(join(folder, 'whole.json')).at(-1)?.tensors,
  );
});

test('steering is applied at a step, told, and replayed after a resume', async () => {
  const steer = (message: FromHost, host: EngineHost) => {
    if (message.type !== 'planned') return;
    host.command({ command: 'setRate', value: 0.5 });
    host.command({ command: 'freeze', layer: 'conv9' });
  };
  const first = start(job(), { crashAtStep: { step: 7, signal: 'SIGKILL' }, stepMs: 60 }, steer);
  await failureOf(first.host);
  expect(first.messages.find(has('commandRefused'))).toMatchObject({
    command: { command: 'freeze', layer: 'conv9' },
    error: { code: 'INVALID_ARGUMENT' },
  });
  const applied = records(first.messages).filter((record) => record.kind === 'command');
  expect(applied).toMatchObject([{ command: 'setRate', value: 0.5, steered: true, sequence: 1 }]);

  // No checkpoint was reached: the run starts again and is steered as before.
  const second = start(job({ resume: true, replay: applied }));
  await second.host.ended;
  expect(steps(second.messages).at(-1)?.learningRate).toBe(0.5);
  expect(records(second.messages).some((record) => record.kind === 'command')).toBe(false);
});

test('stop ends a run with a checkpoint, even while it is paused', async () => {
  const { host, messages } = start(job(), { stepMs: 20 }, (message) => {
    if (message.type === 'planned') host.command({ command: 'pause' });
    const paused = message.type === 'training' && message.events.some((event) => event.kind === 'command');
    if (paused) host.command({ command: 'stop' });
  });
  await host.ended;
  const checkpoints = messages.filter((message) => message.type === 'checkpoint');
  const last = checkpoints.at(-1)?.checkpoint;
  expect(last?.reason).toBe('stop');
  expect(messages.at(-2)).toEqual({ type: 'trained', end: 'stopped', step: last?.step });
});

test('cancel ends training without another checkpoint', async () => {
  const { host, messages } = start(job({}, { steps: 4000 }), { images: 1e6 }, (message) => {
    if (message.type === 'training') host.cancel();
  });
  expect(await failureOf(host)).toMatchObject({ code: 'CANCELLED' });
  expect(messages.some(has('checkpoint'))).toBe(false);
  expect(messages.at(-1)).toMatchObject({ type: 'error', error: { code: 'CANCELLED' } });
});

test('a full disk ends training with that error; earlier checkpoints stay', async () => {
  const { host, messages } = start(job(), { fullAfter: 2 });
  expect(await failureOf(host)).toMatchObject({
    code: 'DISK_FULL',
    details: { path: join(folder, 'run.json') },
  });
  expect(messages.filter(has('checkpoint'))).toHaveLength(2);
  expect(readFakeCheckpoints(join(folder, 'run.json')).map(({ step }) => step)).toEqual([8, 16]);
});

test('a failure of training does not take the checkpoint that is being written', async () => {
  const failAtStep = { step: 9, code: 'OUT_OF_MEMORY', message: 'no memory' } as const;
  const { host, messages } = start(job(), { failAtStep, stepMs: 20, writeMs: 40 });
  expect(await failureOf(host)).toMatchObject({ code: 'OUT_OF_MEMORY', message: 'no memory' });
  expect(messages.filter(has('checkpoint'))).toHaveLength(1);
  expect(readFakeCheckpoints(join(folder, 'run.json')).map(({ step }) => step)).toEqual([8]);
});

test('a diverged run says so and keeps its last checkpoint', async () => {
  const { host, messages } = start(job(), { divergeAtStep: 11 });
  await host.ended;
  expect(messages.at(-2)).toEqual({ type: 'trained', end: 'diverged', step: 11 });
  expect(steps(messages).at(-1)?.loss).toBeNaN();
  expect(readFakeCheckpoints(join(folder, 'run.json')).map(({ step }) => step)).toEqual([8]);
});

const layers = ['conv1', 'fc2'];

test('a run starts from the weights of a model, at rest', async () => {
  const values = new FakeTensors(fakeParameters);
  for (const array of values.values.values()) array.fill(3);
  const model = join(folder, 'model.json');
  const source = { tensors: fakeParameters, read: values.read.bind(values) };
  writeFileSync(model, JSON.stringify(encodeTensors(source)));
  const changes = { init: { model: { kind: 'safetensors' as const, file: model }, layers } };
  const { host } = start(job(changes, { steps: 1, optimiser: { batchSize: 8, learningRate: 0 } }));
  await host.ended;
  const bias = readFakeCheckpoints(join(folder, 'run.json'))[0]?.tensors.find(
    ({ name }) => name === 'fc2.bias',
  );
  const floats = new Float32Array(Uint8Array.from(Buffer.from(bias?.values ?? '', 'base64')).buffer);
  expect([...floats]).toEqual([3, 3, 3]);
});

test('a model of another net is refused', async () => {
  const model = join(folder, 'model.json');
  writeFileSync(model, JSON.stringify([{ name: 'conv1.weight', shape: [2, 3, 5, 5], values: '' }]));
  const { host } = start(job({ init: { model: { kind: 'safetensors', file: model }, layers } }));
  expect(await failureOf(host)).toMatchObject({ code: 'INVALID_MODEL', details: { tensor: 'conv1.weight' } });
});

test('a layer that is not taken over is drawn', async () => {
  const values = new FakeTensors(fakeParameters);
  for (const array of values.values.values()) array.fill(3);
  const model = join(folder, 'model.json');
  writeFileSync(
    model,
    JSON.stringify(encodeTensors({ tensors: fakeParameters, read: values.read.bind(values) })),
  );
  const changes = { init: { model: { kind: 'safetensors' as const, file: model }, layers: ['conv1'] } };
  const { host } = start(job(changes, { steps: 1, optimiser: { batchSize: 8, learningRate: 0 } }));
  await host.ended;
  const saved = readFakeCheckpoints(join(folder, 'run.json'))[0]?.tensors ?? [];
  const first = (name: string) => {
    const found = saved.find((tensor) => tensor.name === name);
    return Buffer.from(found?.values ?? '', 'base64').readFloatLE();
  };
  expect(first('conv1.bias')).toBe(3);
  expect(first('fc2.bias')).not.toBe(3);
});

test('a crash is told with its signal', async () => {
  const { host } = start(job(), { crashAtStep: { step: 3, signal: 'SIGSEGV' } });
  const death = await failureOf(host);
  expect(death).toMatchObject({ code: 'ENGINE_DIED', details: { signal: 'SIGSEGV' } });
});

test('a host that cannot start is told with its last words', async () => {
  const broken = join(folder, 'broken.ts');
  writeFileSync(broken, 'console.error("the reason"); process.exit(3);');
  let said = '';
  const errorOutput = (text: string) => {
    said += text;
  };
  const host = new EngineHost(forkHost(broken), job(), { errorOutput });
  const death = await failureOf(host);
  expect(said).toBe('the reason\n');
  expect(death).toMatchObject({ code: 'ENGINE_DIED', details: { exitCode: 3, errorOutput: 'the reason' } });
  expect(death.message).toContain('the reason');
});

test('a listener that throws ends the job with its error', async () => {
  const host = new EngineHost(fakeSpawn({}), job({}, { steps: 4000 }), {
    training: () => {
      throw new Error('the database is full');
    },
  });
  expect(await failureOf(host)).toMatchObject({ message: 'the database is full' });
});

test('what comes while a listener takes its time waits for it, the end as well', async () => {
  const heard: string[] = [];
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { promise: first, resolve: begun } = Promise.withResolvers<void>();
  const host = new EngineHost(fakeSpawn({}), job({}, { steps: 40 }), {
    planned: async () => {
      heard.push('planned');
      begun();
      await held;
      heard.push('stored');
    },
    training: ({ events }) => heard.push(`${events.length}`),
    trained: () => heard.push('trained'),
  });
  await first;
  // Long enough for all forty steps.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(heard).toEqual(['planned']);
  release();
  await host.ended;
  expect(heard.slice(0, 2)).toEqual(['planned', 'stored']);
  expect(heard.at(-1)).toBe('trained');
  expect(heard.slice(2, -1).reduce((sum, count) => sum + Number(count), 0)).toBeGreaterThanOrEqual(40);
});

test('a listener that rejects ends the job with its error', async () => {
  const host = new EngineHost(fakeSpawn({}), job({}, { steps: 4000 }), {
    training: () => Promise.reject(new Error('the database is full')),
  });
  expect(await failureOf(host)).toMatchObject({ message: 'the database is full' });
});

test('the host dies with its parent', async () => {
  const parent = spawn(
    process.execPath,
    [join(import.meta.dirname, 'fake-parent.ts'), join(folder, 'run.json')],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const pid = await new Promise<number>((resolve) => {
    parent.stdout.on('data', (text: Buffer) => resolve(Number(text.toString())));
  });
  expect(() => process.kill(pid, 0)).not.toThrow();
  parent.kill('SIGKILL');
  // A second is the promise; a busy machine is given some more.
  const deadline = performance.now() + 5000;
  let alive = true;
  while (alive && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    try {
      process.kill(pid, 0);
    } catch {
      alive = false;
    }
  }
  expect(alive).toBe(false);
});
