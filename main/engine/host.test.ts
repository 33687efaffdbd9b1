// The host and its client with the fake engine, in real child processes.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AppError } from '../api/errors.ts';
import type { StepRecord, TrainingRecord } from '../api/training.ts';
import { EngineHost, type HostListeners } from './client.ts';
import type { FakeOptions } from './fake-addon.ts';
import { encodeTensors, type FakeStorageOptions, readFakeCheckpoints } from './fake-storage.ts';
import { FakeTensors, fakeParameters } from './fake-trainer.ts';
import { forkHost } from './fork-host.ts';
import type { ClassifyJob, EvaluateJob, FromHost, Job, TrainJob } from './protocol.ts';

const entry = join(import.meta.dirname, 'fake-host-entry.ts');

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'alexnet-host-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

type Options = Partial<FakeOptions> & FakeStorageOptions;

function fakeSpawn(options: Options) {
  return forkHost(entry, { ...process.env, ALEXNET_STUDIO_FAKE: JSON.stringify(options) });
}

const types: FromHost['type'][] = [
  'ready',
  'planned',
  'training',
  'commandRefused',
  'checkpoint',
  'trained',
  'packProgress',
  'packed',
  'progress',
  'verified',
  'evaluated',
  'loaded',
  'classified',
  'finished',
  'error',
];

/** Starts a job and keeps every message in order. */
function start(
  job: Job,
  options: Options = {},
  react: (message: FromHost, host: EngineHost) => void = () => {},
) {
  const messages: FromHost[] = [];
  const listeners: HostListeners = {};
  const hear = (message: FromHost) => {
    messages.push(message);
    react(message, host);
  };
  for (const type of types) Object.assign(listeners, { [type]: hear });
  const host = new EngineHost(fakeSpawn(options), job, listeners);
  return { host, messages };
}

function trainJob(changes: Partial<TrainJob> = {}, config: object = {}): TrainJob {
  return {
    kind: 'train',
    configJson: JSON.stringify({
      steps: 40,
      seed: 7,
      optimiser: { batchSize: 8, learningRate: 0.1 },
      ...config,
    }),
    trainPack: 'train.pack',
    validationPack: '',
    checkpointFile: join(folder, 'run.json'),
    keepLast: 2,
    resume: false,
    replay: [],
    ...changes,
  };
}

function records(messages: FromHost[]): TrainingRecord[] {
  return messages.flatMap((message) => (message.type === 'training' ? message.events : []));
}

function steps(messages: FromHost[]): StepRecord[] {
  return records(messages).filter((record) => record.kind === 'step');
}

function has(type: FromHost['type']) {
  return (message: FromHost) => message.type === type;
}

async function failureOf(host: EngineHost): Promise<AppError> {
  const outcome = await host.ended.then(
    () => undefined,
    (error: AppError) => error,
  );
  expect(outcome, 'the job was expected to fail').toBeDefined();
  return outcome as AppError;
}

test('training tells every step in order and each checkpoint after the steps that it holds', async () => {
  const { host, messages } = start(trainJob());
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
  const { host, messages } = start(trainJob({}, { steps: 300 }), { stepMs: 2, images: 8000 });
  const began = performance.now();
  await host.ended;
  const elapsedMs = performance.now() - began;
  expect(steps(messages)).toHaveLength(300);
  // One more at the end, and one that a checkpoint cuts in two.
  expect(messages.filter(has('training')).length).toBeLessThanOrEqual(elapsedMs / 100 + 2);
});

test('kill -9 loses nothing that was told, and the resumed run equals the uninterrupted one', async () => {
  const whole = start(trainJob({ checkpointFile: join(folder, 'whole.json') }));
  await whole.host.ended;

  const killed = start(trainJob(), { crashAtStep: { step: 21, signal: 'SIGKILL' } });
  const death = await failureOf(killed.host);
  expect(death).toMatchObject({ code: 'ENGINE_DIED', details: { signal: 'SIGKILL' } });
  expect(death.message).toContain('memory');

  const fromStep = readFakeCheckpoints(join(folder, 'run.json')).at(-1)?.step ?? 0;
  expect(fromStep).toBeGreaterThanOrEqual(8); // the second snapshot waits until the first one is stored
  const resumed = start(trainJob({ resume: true }));
  await resumed.host.ended;
  expect(resumed.messages.find(has('planned'))).toMatchObject({ fromStep });
  // The first message repeats what the checkpoints kept: a parent that died as well is missing it.
  const repeated = resumed.messages.find((message) => message.type === 'training');
  expect(repeated?.events.map(({ step }) => step)).toEqual(Array.from({ length: fromStep }, (_, i) => i + 1));
  expect(steps(resumed.messages)).toEqual(steps(whole.messages));
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
  const first = start(trainJob(), { crashAtStep: { step: 7, signal: 'SIGKILL' }, stepMs: 60 }, steer);
  await failureOf(first.host);
  expect(first.messages.find(has('commandRefused'))).toMatchObject({
    command: { command: 'freeze', layer: 'conv9' },
    error: { code: 'INVALID_ARGUMENT' },
  });
  const applied = records(first.messages).filter((record) => record.kind === 'command');
  expect(applied).toMatchObject([{ command: 'setRate', value: 0.5, steered: true, sequence: 1 }]);

  // No checkpoint was reached: the run starts again and is steered as before.
  const second = start(trainJob({ resume: true, replay: applied }));
  await second.host.ended;
  expect(steps(second.messages).at(-1)?.learningRate).toBe(0.5);
  expect(records(second.messages).some((record) => record.kind === 'command')).toBe(false);
});

test('stop ends a run with a checkpoint, even while it is paused', async () => {
  const { host, messages } = start(trainJob(), { stepMs: 20 }, (message) => {
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
  const { host, messages } = start(trainJob({}, { steps: 4000 }), { images: 1e6 }, (message) => {
    if (message.type === 'training') host.cancel();
  });
  expect(await failureOf(host)).toMatchObject({ code: 'CANCELLED' });
  expect(messages.some(has('checkpoint'))).toBe(false);
  expect(messages.at(-1)).toMatchObject({ type: 'error', error: { code: 'CANCELLED' } });
});

test('a full disk ends training with that error; earlier checkpoints stay', async () => {
  const { host, messages } = start(trainJob(), { fullAfter: 2 });
  expect(await failureOf(host)).toMatchObject({
    code: 'DISK_FULL',
    details: { path: join(folder, 'run.json') },
  });
  expect(messages.filter(has('checkpoint'))).toHaveLength(2);
  expect(readFakeCheckpoints(join(folder, 'run.json')).map(({ step }) => step)).toEqual([8, 16]);
});

test('a failure of training does not take the checkpoint that is being written', async () => {
  const failAtStep = { step: 9, code: 'OUT_OF_MEMORY', message: 'no memory' } as const;
  const { host, messages } = start(trainJob(), { failAtStep, stepMs: 20, writeMs: 40 });
  expect(await failureOf(host)).toMatchObject({ code: 'OUT_OF_MEMORY', message: 'no memory' });
  expect(messages.filter(has('checkpoint'))).toHaveLength(1);
  expect(readFakeCheckpoints(join(folder, 'run.json')).map(({ step }) => step)).toEqual([8]);
});

test('a diverged run says so and keeps its last checkpoint', async () => {
  const { host, messages } = start(trainJob(), { divergeAtStep: 11 });
  await host.ended;
  expect(messages.at(-2)).toEqual({ type: 'trained', end: 'diverged', step: 11 });
  expect(steps(messages).at(-1)?.loss).toBeNaN();
  expect(readFakeCheckpoints(join(folder, 'run.json')).map(({ step }) => step)).toEqual([8]);
});

test('a run starts from the weights of a model, at rest', async () => {
  const values = new FakeTensors(fakeParameters);
  for (const array of values.values.values()) array.fill(3);
  const model = join(folder, 'model.json');
  const source = { tensors: fakeParameters, read: values.read.bind(values) };
  writeFileSync(model, JSON.stringify(encodeTensors(source)));
  const changes = { init: { kind: 'safetensors', file: model } } as const;
  const { host } = start(trainJob(changes, { steps: 1, optimiser: { batchSize: 8, learningRate: 0 } }));
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
  const { host } = start(trainJob({ init: { kind: 'safetensors', file: model } }));
  expect(await failureOf(host)).toMatchObject({ code: 'INVALID_MODEL', details: { tensor: 'conv1.weight' } });
});

function modelFile(): string {
  const file = join(folder, 'model.json');
  const values = new FakeTensors(fakeParameters);
  writeFileSync(
    file,
    JSON.stringify(encodeTensors({ tensors: fakeParameters, read: values.read.bind(values) })),
  );
  return file;
}

function evaluateJob(): EvaluateJob {
  return {
    kind: 'evaluate',
    netJson: '{}',
    model: { kind: 'safetensors', file: modelFile() },
    preprocessing: { cropSize: 224, mean: 'none', meanFollowsCrop: true, gain: [1, 1, 1] },
    pack: 'val.pack',
    crops: 1,
    devices: ['cpu'],
    precision: 'fp32',
    threads: 0,
  };
}

test('an evaluation is summed up', async () => {
  const { host, messages } = start(evaluateJob(), { images: 10, classes: 2 });
  await host.ended;
  expect(messages.filter(has('progress')).at(-1)).toEqual({ type: 'progress', done: 10, total: 10 });
  const evaluated = messages.find((message) => message.type === 'evaluated');
  expect(evaluated?.summary).toMatchObject({
    images: 10,
    top1Error: 0.5,
    classImages: [5, 5],
    confusion: [
      [0, 0, 5],
      [1, 0, 5],
    ],
  });
  expect(evaluated?.summary.top5).toHaveLength(10);
  expect(evaluated?.summary.top5[0]).toEqual([0, 1, -1, -1, -1]);
});

test('an evaluation can be cancelled', async () => {
  const { host } = start(evaluateJob(), { images: 1e6 }, (message) => {
    if (message.type === 'progress') host.cancel();
  });
  expect(await failureOf(host)).toMatchObject({ code: 'CANCELLED' });
});

function classifyJob(): ClassifyJob {
  return { ...evaluateJob(), kind: 'classify', batch: 1, top: 2 };
}

test('a classify job answers list after list until it is told to finish', async () => {
  const { host, messages } = start(classifyJob(), {}, (message) => {
    if (message.type === 'loaded') {
      host.classify(1, ['/ab', '/bad.jpg', '/abc']);
      host.classify(2, []);
      host.finish();
    }
  });
  await host.ended;
  expect(messages.find(has('loaded'))).toEqual({ type: 'loaded', classes: 3 });
  expect(messages.filter(has('classified'))).toEqual([
    {
      type: 'classified',
      id: 1,
      answers: [
        {
          predictions: [
            { class: 0, probability: 0.75 },
            { class: 1, probability: 0.125 },
          ],
        },
        { error: { code: 'CORRUPT_IMAGE', message: '/bad.jpg is damaged.' } },
        {
          predictions: [
            { class: 1, probability: 0.75 },
            { class: 0, probability: 0.125 },
          ],
        },
      ],
    },
    { type: 'classified', id: 2, answers: [] },
  ]);
});

test('a classify job that waits can be cancelled', async () => {
  const { host } = start(classifyJob(), {}, (message) => {
    if (message.type === 'loaded') host.cancel();
  });
  expect(await failureOf(host)).toMatchObject({ code: 'CANCELLED' });
});

test('packing reports its progress and reconciles its counts', async () => {
  const planPath = join(folder, 'plan');
  writeFileSync(
    planPath,
    ['/a.jpg', '/bad.jpg', '/c.jpg'].map((path) => JSON.stringify({ path, label: 0 })).join('\n'),
  );
  const options = {
    planPath,
    packPath: join(folder, 'pack'),
    resultPath: join(folder, 'result'),
    classes: 1,
    threads: 1,
  };
  const { host, messages } = start({ kind: 'pack', options });
  await host.ended;
  expect(messages.filter(has('packProgress')).at(-1)).toMatchObject({ progress: { done: 3, total: 3 } });
  expect(messages.find(has('packed'))).toEqual({
    type: 'packed',
    result: { found: 3, packed: 2, skipped: 1 },
  });
});

test('a pack is verified', async () => {
  const { host, messages } = start({ kind: 'verifyPack', pack: 'train.pack' }, { images: 5 });
  await host.ended;
  expect(messages.slice(-3)).toEqual([
    { type: 'progress', done: 5, total: 5 },
    { type: 'verified' },
    { type: 'finished' },
  ]);
});

test('a job of an unknown kind is refused', async () => {
  const { host } = start({ kind: 'sing' } as unknown as Job);
  expect(await failureOf(host)).toMatchObject({ code: 'INVALID_ARGUMENT' });
});

test('a message that the job does not know ends it', async () => {
  const { host } = start(trainJob(), {}, (message) => {
    if (message.type === 'planned') host.classify(1, ['/a.jpg']);
  });
  expect(await failureOf(host)).toMatchObject({ code: 'INVALID_ARGUMENT' });
});

test('a crash is told with its signal', async () => {
  const { host } = start(trainJob(), { crashAtStep: { step: 3, signal: 'SIGSEGV' } });
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
  const host = new EngineHost(forkHost(broken), trainJob(), { errorOutput });
  const death = await failureOf(host);
  expect(said).toBe('the reason\n');
  expect(death).toMatchObject({ code: 'ENGINE_DIED', details: { exitCode: 3, errorOutput: 'the reason' } });
  expect(death.message).toContain('the reason');
});

test('a listener that throws ends the job with its error', async () => {
  const host = new EngineHost(fakeSpawn({}), trainJob({}, { steps: 4000 }), {
    training: () => {
      throw new Error('the database is full');
    },
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
