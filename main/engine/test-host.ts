// Jobs in a real host process with the fake engine, for tests.
import { join } from 'node:path';
import type { AppError } from '../api/errors.ts';
import type { StepRecord, TrainingRecord } from '../api/training.ts';
import { EngineHost, type HostListeners } from './client.ts';
import type { FakeOptions } from './fake-addon.ts';
import type { FakeStorageOptions } from './fake-storage.ts';
import { forkHost } from './fork-host.ts';
import type { FromHost, Job, TrainJob } from './protocol.ts';

const entry = join(import.meta.dirname, 'fake-host-entry.ts');

export type Options = Partial<FakeOptions> & FakeStorageOptions;

export function fakeSpawn(options: Options) {
  return forkHost(entry, { ...process.env, ALEXNET_STUDIO_FAKE: JSON.stringify(options) });
}

const types: FromHost['type'][] = [
  'ready',
  'planned',
  'kept',
  'training',
  'commandRefused',
  'checkpoint',
  'trained',
  'packProgress',
  'packed',
  'progress',
  'verified',
  'answers',
  'evaluated',
  'loaded',
  'classified',
  'finished',
  'error',
];

/** Starts a job and keeps every message in order. */
export function start(
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

/** 40 steps, 8 an epoch. */
export function trainJob(
  checkpointFile: string,
  changes: Partial<TrainJob> = {},
  config: object = {},
): TrainJob {
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
    checkpointFile,
    keepLast: 2,
    resume: false,
    replay: [],
    ...changes,
  };
}

export function records(messages: FromHost[]): TrainingRecord[] {
  return messages.flatMap((message) => (message.type === 'training' ? message.events : []));
}

export function steps(messages: FromHost[]): StepRecord[] {
  return records(messages).filter((record) => record.kind === 'step');
}

export function has<Type extends FromHost['type']>(type: Type) {
  return (message: FromHost): message is Extract<FromHost, { type: Type }> => message.type === type;
}

export async function failureOf(host: EngineHost): Promise<AppError> {
  const outcome = await host.ended.then(
    () => undefined,
    (error: AppError) => error,
  );
  if (outcome === undefined) throw new Error('the job was expected to fail');
  return outcome;
}
