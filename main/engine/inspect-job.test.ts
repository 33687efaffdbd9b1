// When an inspection opens its two predictors; what they compute is tried with the engine.
import { expect, it } from 'vitest';
import { AppError } from '../api/errors.ts';
import type { Addon, NativePredictor, PredictorOptions } from './addon.ts';
import { InspectRun } from './inspect-job.ts';
import type { JobContext } from './job.ts';
import type { FromHost, InspectJob } from './protocol.ts';

const settled = () => new Promise((resolve) => setTimeout(resolve, 20));
const photo = { path: '/photo.jpg' };

/** The inspection of a net of three classes, with an addon that tells what it is asked. */
class Bench {
  readonly opened: Pick<PredictorOptions, 'precision' | 'batch' | 'views'>[] = [];
  readonly told: FromHost[] = [];
  closed = 0;
  /** How many of the next fast predictors cannot be opened. */
  failures = 0;
  readonly run: InspectRun;
  readonly ended: Promise<void>;

  constructor() {
    const predictor = {
      classes: 3,
      tensors: [],
      lookAt: () => Promise.resolve(Float32Array.of(0.2, 0.7, 0.1)),
      occlude: (_: unknown, corners: Int32Array) =>
        Promise.resolve(Float32Array.from({ length: (corners.length / 2) * 3 }, (_value, i) => i % 3)),
      close: () => {
        this.closed++;
        return Promise.resolve();
      },
    } as unknown as NativePredictor;
    const addon = {
      listDevices: () => [{ id: 'cpu', precisions: ['fp32', 'bf16'] }],
      createCancelFlag: () => ({ cancel() {} }),
      createPredictor: ({ precision, batch, views = false }: PredictorOptions) => {
        this.opened.push({ precision, batch, views });
        if (!views && this.failures-- > 0) return Promise.reject(new AppError('OUT_OF_MEMORY', 'no room'));
        return Promise.resolve(predictor);
      },
    } as unknown as Addon;
    const storage = { openModel: () => ({ tensors: [], close() {} }) };
    const context = { addon, storage, send: (message: FromHost) => this.told.push(message) };
    const preprocessing = { cropSize: 8, mean: 'none', meanFollowsCrop: true, gain: [1, 1, 1] };
    const job = { kind: 'inspect', netJson: '{}', model: {}, preprocessing, threads: 1 };
    this.run = new InspectRun(job as unknown as InspectJob, context as unknown as JobContext);
    this.ended = this.run.run();
  }

  async ask(id: number, question: object): Promise<FromHost | undefined> {
    this.run.handle({ type: 'inspect', id, question } as never);
    await settled();
    return this.told.find((message) => 'id' in message && message.id === id);
  }

  look = (id: number) => this.ask(id, { kind: 'look', photo, top: 1 });
  occlude = (id: number) =>
    this.ask(id, { kind: 'occlusion', photo, label: 1, cropSize: 8, side: 2, positions: 7 });
}

it('opens what is fast as soon as a photo was looked at, once', async () => {
  const bench = new Bench();
  await settled();
  expect(bench.opened).toEqual([{ precision: 'fp32', batch: 1, views: true }]);
  expect(await bench.look(1)).toMatchObject({ type: 'inspected' });
  const fast = { precision: 'bf16', batch: 25, views: false };
  expect(bench.opened.slice(1)).toEqual([fast]);
  expect(await bench.occlude(2)).toMatchObject({
    type: 'inspected',
    answer: { occlusion: { positions: 7 } },
  });
  await bench.look(3);
  expect(bench.opened).toHaveLength(2);
  bench.run.handle({ type: 'finish' });
  await bench.ended;
  expect(bench.closed).toBe(2);
});

it('tells what keeps it from opening that to whoever needs it, and tries again', async () => {
  const bench = new Bench();
  bench.failures = 2;
  expect(await bench.look(1)).toMatchObject({ type: 'inspected' });
  expect(await bench.occlude(2)).toMatchObject({ type: 'inspectFailed', error: { code: 'OUT_OF_MEMORY' } });
  expect(await bench.occlude(3)).toMatchObject({ type: 'inspected' });
  expect(bench.opened).toHaveLength(4);
  bench.run.handle({ type: 'finish' });
  await bench.ended;
  expect(bench.closed).toBe(2);
});
