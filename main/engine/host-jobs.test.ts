// The host's other jobs with the fake engine, in real child processes.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { decodeBlocks } from '../api/evaluation-answers.ts';
import { encodeTensors } from './fake-storage.ts';
import { FakeTensors, fakeParameters } from './fake-trainer.ts';
import type { ClassifyJob, EvaluatedModel, EvaluateJob, Job } from './protocol.ts';
import { failureOf, has, start, trainJob } from './test-host.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'alexnet-host-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function modelFile(): string {
  const file = join(folder, 'model.json');
  const values = new FakeTensors(fakeParameters);
  writeFileSync(
    file,
    JSON.stringify(encodeTensors({ tensors: fakeParameters, read: values.read.bind(values) })),
  );
  return file;
}

function model(): EvaluatedModel {
  return {
    netJson: '{}',
    model: { kind: 'safetensors', file: modelFile() },
    preprocessing: { cropSize: 224, mean: 'none', meanFollowsCrop: true, gain: [1, 1, 1] },
  };
}

const computing = { crops: 1, devices: ['cpu'], precision: 'fp32', threads: 0 } as const;

function evaluateJob(models = [model()]): EvaluateJob {
  return { kind: 'evaluate', models, pack: 'val.pack', ties: 'first', ...computing, devices: ['cpu'] };
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
  expect(evaluated?.summary.calibration.reduce((sum, [images]) => sum + images, 0)).toBe(10);
  const blocks = messages.filter(has('answers')).map(({ block }) => block);
  const answers = decodeBlocks(blocks, 10);
  expect([...answers.top5.subarray(0, 5)]).toEqual([0, 1, -1, -1, -1]);
  expect([...answers.labels]).toEqual([0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
});

test('of several models each is evaluated, then their average', async () => {
  const { host, messages } = start(evaluateJob([model(), model(), model()]), { images: 10, classes: 2 });
  await host.ended;
  const done = messages.filter(has('progress')).map((message) => message.done);
  expect(done).toEqual([...done].sort((a, b) => a - b));
  expect(messages.filter(has('progress')).at(-1)).toEqual({ type: 'progress', done: 30, total: 30 });
  const evaluated = messages.filter(has('evaluated'));
  expect(evaluated.map(({ of, summary }) => [of, summary.loss])).toEqual([
    [0, 1],
    [1, 1],
    [2, 1],
    ['average', 3],
  ]);
});

test('an evaluation can be cancelled', async () => {
  const { host } = start(evaluateJob(), { images: 1e6 }, (message) => {
    if (message.type === 'progress') host.cancel();
  });
  expect(await failureOf(host)).toMatchObject({ code: 'CANCELLED' });
});

function classifyJob(): ClassifyJob {
  return { kind: 'classify', ...model(), ...computing, devices: ['cpu'], batch: 1, top: 2 };
}

test('a classify job answers list after list until it is told to finish', async () => {
  const { host, messages } = start(classifyJob(), {}, (message) => {
    if (message.type === 'loaded') {
      host.classify(1, ['/ab', '/bad.jpg', '/nan.jpg', '/abc']);
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
          entropy: expect.closeTo(0.7356, 4),
        },
        { error: { code: 'CORRUPT_IMAGE', message: '/bad.jpg is damaged.' } },
        { error: { code: 'INVALID_MODEL', message: expect.stringContaining('its weights are broken') } },
        {
          predictions: [
            { class: 1, probability: 0.75 },
            { class: 0, probability: 0.125 },
          ],
          entropy: expect.closeTo(0.7356, 4),
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
  const { host } = start(trainJob(join(folder, 'run.json')), {}, (message) => {
    if (message.type === 'planned') host.classify(1, ['/a.jpg']);
  });
  expect(await failureOf(host)).toMatchObject({ code: 'INVALID_ARGUMENT' });
});
