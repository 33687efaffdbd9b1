// The host as it is delivered: the real engine, real checkpoint files, a process of its own.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AppError } from '../api/errors.ts';
import type { ModelPreprocessing } from '../api/models.ts';
import type { RunConfig } from '../api/run-config.ts';
import type { TrainingRecord } from '../api/training.ts';
import { EngineHost, type HostListeners } from './client.ts';
import { forkHost } from './fork-host.ts';
import { loadAddon } from './load-addon.ts';
import type { FromHost, Job, TrainJob } from './protocol.ts';
import { makePack, predictorOptions, testConfig, writeImages } from './test-net.ts';

let folder = '';
let pack = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'alexnet-native-host-'));
  pack = await makePack(loadAddon(), folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function trainJob(name: string, config: RunConfig, changes: Partial<TrainJob> = {}): TrainJob {
  return {
    kind: 'train',
    configJson: JSON.stringify(config),
    trainPack: pack,
    validationPack: pack,
    checkpointFile: join(folder, `${name}.sqlite`),
    keepLast: 2,
    resume: false,
    replay: [],
    ...changes,
  };
}

async function run(job: Job, listeners: HostListeners = {}, meet: (host: EngineHost) => void = () => {}) {
  const host = new EngineHost(forkHost(), job, listeners);
  meet(host);
  await host.ended;
}

/** Hashes of the newest complete checkpoint's tensors. */
function newest(name: string): { step: number; tensors: unknown[] } {
  const db = new DatabaseSync(join(folder, `${name}.sqlite`));
  try {
    const checkpoint = db
      .prepare('SELECT id, step FROM checkpoints WHERE complete = 1 ORDER BY id DESC')
      .get();
    const tensors = db
      .prepare('SELECT name, shape, sha256 FROM tensors WHERE checkpoint_id = ? ORDER BY name')
      .all(checkpoint?.id ?? 0);
    return { step: Number(checkpoint?.step ?? 0), tensors: tensors.map((tensor) => ({ ...tensor })) };
  } finally {
    db.close();
  }
}

test('training, evaluating and classifying, from pack to answers', async () => {
  const config = testConfig({ epochs: 20 });
  const told: FromHost['type'][] = [];
  const note = (message: FromHost) => told.push(message.type);
  let checkpointId = 0;
  await run(trainJob('life', config), {
    ready: note,
    planned: note,
    checkpoint: (message) => {
      note(message);
      checkpointId = message.checkpoint.checkpointId;
    },
    trained: note,
    finished: note,
  });
  expect(told.slice(0, 2)).toEqual(['ready', 'planned']);
  expect(told.slice(-3)).toEqual(['checkpoint', 'trained', 'finished']);

  const model = { kind: 'checkpoint', file: join(folder, 'life.sqlite'), checkpointId } as const;
  const { netJson, devices, precision, threads } = predictorOptions(config);
  // As in training: the pack's mean image is subtracted.
  const meanImageFile = join(folder, 'mean');
  writeFileSync(meanImageFile, new Uint8Array(loadAddon().openPack(pack).meanImage().buffer));
  const preprocessing: ModelPreprocessing = {
    ...predictorOptions(config).preprocessing,
    mean: 'image',
    meanImageFile,
  };
  const net = { netJson, model, preprocessing };
  const computing = { devices, precision, threads, crops: 1 } as const;
  let top1Error = 1;
  await run(
    { kind: 'evaluate', models: [net], ...computing, ties: 'first', pack },
    {
      evaluated: ({ summary }) => {
        top1Error = summary.top1Error;
      },
    },
  );
  // Three colours: a net that has learnt anything is far under chance (2/3).
  expect(top1Error).toBeLessThan(0.34);

  const photos = writeImages(join(folder, 'photos'), 1);
  let classes: (number | undefined)[] = [];
  await run(
    { kind: 'classify', ...net, ...computing, batch: 1, top: 1 },
    {
      classified: ({ answers }) => {
        classes = answers.map(({ predictions }) => predictions?.[0]?.class);
      },
    },
    (host) => {
      host.classify(1, photos);
      host.finish();
    },
  );
  expect(classes).toEqual([0, 1, 2]);
});

test('kill -9 at any moment: the resumed run is the uninterrupted one, bit for bit', async () => {
  const config = testConfig({ epochs: 30, checkpoints: { everySteps: 2, everyMinutes: 0, keepLast: 2 } });
  const whole: TrainingRecord[] = [];
  await run(trainJob('whole', config), { training: ({ events }) => whole.push(...events) });

  const heard = new Map<number, number>();
  const hear = (events: TrainingRecord[]) => {
    for (const event of events) if (event.kind === 'step') heard.set(event.step, event.loss);
  };
  let kills = 0;
  for (let attempt = 0; attempt < 40; attempt += 1) {
    let host: EngineHost | undefined;
    let timer: NodeJS.Timeout | undefined;
    const listeners: HostListeners = {
      kept: ({ events }) => hear(events),
      training: ({ events }) => hear(events),
      planned: () => {
        // Sooner and later: while it computes, while it writes a checkpoint.
        if (kills < 5) timer = setTimeout(() => host?.kill(), 10 + 23 * kills);
      },
    };
    host = new EngineHost(forkHost(), trainJob('killed', config, { resume: true }), listeners);
    const failure = await host.ended.then(
      () => undefined,
      (error: AppError) => error,
    );
    clearTimeout(timer);
    if (failure === undefined) break;
    expect(failure.code).toBe('CANCELLED');
    kills += 1;
  }
  expect(kills).toBe(5);
  expect(newest('killed')).toEqual(newest('whole'));
  expect(newest('killed').step).toBe(90);
  const steps = whole.filter((record) => record.kind === 'step');
  expect([...heard].sort(([a], [b]) => a - b)).toEqual(steps.map(({ step, loss }) => [step, loss]));
});

test('a damaged checkpoint is not resumed', async () => {
  const config = testConfig({ epochs: 2 });
  await run(trainJob('damaged', config));
  const db = new DatabaseSync(join(folder, 'damaged.sqlite'));
  db.exec("UPDATE tensors SET sha256 = 'x'");
  db.close();
  await expect(run(trainJob('damaged', testConfig({ epochs: 3 }), { resume: true }))).rejects.toMatchObject({
    code: 'CORRUPT_CHECKPOINT',
  });
});

test('a configuration that cannot be used ends the job with its place', async () => {
  const config = testConfig();
  config.net.classes = 9;
  await expect(run(trainJob('wrong', config))).rejects.toMatchObject({
    code: 'INVALID_CONFIG',
    details: { field: 'net.classes' },
  });
});
