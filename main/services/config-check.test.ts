import { describe, expect, it } from 'vitest';
import { AppError } from '../api/errors.ts';
import type { DeviceReport } from '../api/net-description.ts';
import type { RunConfig } from '../api/run-config.ts';
import { smallConfig } from '../api/test-config.ts';
import { storeTraining } from '../data/metrics.ts';
import { openDatabase } from '../data/open-database.ts';
import { addDataset, addRun, newRun, step } from '../data/test-rows.ts';
import { createFakeAddon } from '../engine/fake-addon.ts';
import { ConfigChecker, drawSchedule } from './config-check.ts';
import { DeviceService } from './devices.ts';
import { describeNet } from './testing/fake-engine.ts';

/** The fake's one net, as costly as `flops` an image; beside the CPU these GPUs. */
function checker(flops = 1000, gpus: DeviceReport[] = [], cpu?: DeviceReport) {
  const db = openDatabase(':memory:');
  addDataset(db);
  const addon = () => ({
    ...createFakeAddon(),
    listDevices: () => [...(cpu === undefined ? createFakeAddon().listDevices() : [cpu]), ...gpus],
    describeNet: (_: string, batch: number) =>
      JSON.stringify({
        ...JSON.parse(describeNet()),
        trainingFlops: flops,
        parameterBytes: 1200,
        parameters: 100,
        activationBytes: 10 * batch,
      }),
  });
  return { db, checker: new ConfigChecker({ db, devices: new DeviceService(addon), addon }) };
}

describe('ConfigChecker', () => {
  it('tells every problem with its place, and no costs of what cannot be', () => {
    const { net, ...rest } = smallConfig();
    const typed = {
      ...rest,
      seed: -1,
      net: { ...net, layers: [{ ...net.layers[0], widht: 3 }, ...net.layers.slice(1)] },
    };
    const check = checker().checker.check(typed, 'd1');
    expect(check.problems).toEqual([
      { field: 'net.layers.conv1.widht', message: 'there is no such field', code: 'INVALID_SPEC' },
      { field: 'seed', message: 'must be at least 0', code: 'INVALID_CONFIG' },
    ]);
    expect(check).toMatchObject({ config: null, net: null, plan: null, costs: [], time: null });
  });

  it('names the field of what the engine refuses once', () => {
    const refuse = () => {
      const details = { field: 'optimiser.batchSize' };
      throw new AppError('INVALID_CONFIG', 'optimiser.batchSize must be from 1 to 65536', details);
    };
    const addon = () => ({ ...createFakeAddon(), checkConfig: refuse });
    const { db } = checker();
    const of = new ConfigChecker({ db, devices: new DeviceService(addon), addon });
    expect(of.check(smallConfig(), 'd1').problems[0]).toMatchObject({
      field: 'optimiser.batchSize',
      message: 'must be from 1 to 65536',
    });
  });

  it('plans steps, memory and disk', () => {
    const check = checker().checker.check(smallConfig(), 'd1');
    expect(check.problems).toEqual([]);
    // 50 images in batches of 32.
    expect(check.plan).toEqual({ stepsPerEpoch: 2, totalSteps: 10, epochs: 5, images: 320 });
    expect(check.costs).toMatchObject([{ device: 'cpu', usable: true, memoryBytes: 1200 + 2 * 320 }]);
    expect(check.checkpointBytes).toBe(800);
    expect(check.scheduleDepends).toBe(true);
    expect(check.time).toBeNull();
  });

  it('tells what does not fit the data set or the machine', () => {
    const config = { ...smallConfig(), devices: ['cuda:0'] };
    config.net.classes = 7;
    const { problems, costs } = checker().checker.check(config, 'd1');
    expect(problems.map(({ field }) => field)).toEqual(['net.classes', 'devices']);
    expect(costs).toMatchObject([{ device: 'cuda:0', usable: false }]);
    expect(checker().checker.check(smallConfig(), 'gone').problems).toMatchObject([{ field: 'dataset' }]);
  });

  it('tells that several GPUs cannot share a batch without NCCL, and what can', () => {
    const [cpu] = createFakeAddon().listDevices();
    const gpus = [0, 1, 2, 3].map((n) => ({
      ...(cpu as DeviceReport),
      id: `cuda:${n}`,
      sharingReason: 'NCCL is missing; install it',
    }));
    const problemsOf = (parallelism: RunConfig['parallelism'], ...numbers: number[]) => {
      const devices = numbers.map((n) => `cuda:${n}`);
      return checker(1000, gpus).checker.check({ ...smallConfig(), parallelism, devices }, 'd1').problems;
    };
    const missing = [
      {
        field: 'devices',
        message: 'several GPUs add up their gradients with NCCL; NCCL is missing; install it',
        code: 'DEVICE_UNAVAILABLE',
      },
    ];
    expect(problemsOf('data', 0, 1)).toEqual(missing);
    expect(problemsOf('hybrid', 0, 1, 2)).toEqual(missing);
    expect(problemsOf('pairs', 0, 1, 2, 3)).toEqual(missing);
    // Nothing is added up over several GPUs.
    expect(problemsOf('columns', 0, 1)).toEqual([]);
    expect(problemsOf('data', 1, 1)).toEqual([]);
    expect(problemsOf('pairs', 0, 1)).toEqual([]);
    expect(problemsOf('pairs', 0, 1, 0, 1)).toEqual([]);
    for (const gpu of gpus) gpu.sharingReason = '';
    expect(problemsOf('data', 0, 1)).toEqual([]);
  });

  it('estimates the time from the newest run alike', () => {
    const { db, checker: of } = checker();
    addRun(db, 'r1');
    storeTraining(
      db,
      'r1',
      Array.from({ length: 10 }, (_, i) => step(i + 1)),
      1,
    );
    // Another precision says nothing about this one.
    addRun(db, 'r2', { config: { ...newRun('r2').config, precision: 'bf16' }, createdAt: 9999 });
    storeTraining(
      db,
      'r2',
      Array.from({ length: 10 }, (_, i) => step(i + 1, { elapsedMs: 1 })),
      1,
    );
    // 32 images in 100 ms; 10 steps of 32 images to make.
    expect(of.check(smallConfig(), 'd1').time).toEqual({
      imagesPerSecond: 320,
      elapsedMs: 1000,
      measuredOn: { runId: 'r1', name: 'run r1' },
    });
    const elsewhere = { ...smallConfig(), threads: 3 };
    expect(of.check(elsewhere, 'd1').time).toBeNull();
  });

  it('tells of bf16 where the processor has instructions for it, with its measured speed', () => {
    const [plain] = createFakeAddon().listDevices();
    const cpu = { ...(plain as DeviceReport), precisions: ['fp32', 'bf16'] };
    const without = checker(1000, [], cpu).checker;
    expect(without.check(smallConfig(), 'd1').faster).toBeNull();
    const { checker: of } = checker(1000, [], { ...cpu, instructions: ['avx2', 'avx512_bf16'] });
    const faster = { precision: 'bf16', instructions: ['avx512_bf16'] };
    expect(of.check(smallConfig(), 'd1').faster).toEqual({ ...faster, imagesPerSecond: null });
    of.keepSpeed({ ...smallConfig(), precision: 'bf16' }, 70);
    expect(of.check(smallConfig(), 'd1').faster).toEqual({ ...faster, imagesPerSecond: 70 });
    expect(of.check({ ...smallConfig(), precision: 'bf16' }, 'd1').faster).toBeNull();
    expect(of.check({ ...smallConfig(), devices: ['cuda:0'] }, 'd1').faster).toBeNull();
    const gpu = checker(1000, [{ ...cpu, id: 'cuda:0' }], { ...cpu, precisions: ['fp32'] }).checker;
    const onGpu = { precision: 'bf16', instructions: [], imagesPerSecond: null };
    expect(gpu.check({ ...smallConfig(), devices: ['cuda:0'] }, 'd1').faster).toEqual(onGpu);
    expect(gpu.check({ ...smallConfig(), devices: ['cuda:0', 'cpu'] }, 'd1').faster).toBeNull();
  });
});

describe('drawSchedule', () => {
  const draw = (schedule: object, actions: object[] = []) => {
    const config = smallConfig();
    Object.assign(config.optimiser, { schedule, actions });
    return drawSchedule(config, 10).map(({ epoch, learningRate }) => [
      epoch,
      Number(learningRate.toPrecision(6)),
    ]);
  };

  it('is flat where the rate is constant', () => {
    expect(draw({ kind: 'constant' })).toEqual([
      [0, 0.01],
      [10, 0.01],
    ]);
  });

  it('steps down before the epochs named', () => {
    expect(draw({ kind: 'steps', epochs: [3, 6], factor: 0.1 })).toEqual([
      [0, 0.01],
      [2, 0.01],
      [2, 0.001],
      [5, 0.001],
      [5, 0.0001],
      [10, 0.0001],
    ]);
  });

  it('falls to nothing as a power', () => {
    const points = draw({ kind: 'polynomial', power: 2 });
    expect(points[0]).toEqual([0, 0.01]);
    expect(points[100]).toEqual([5, 0.0025]);
    expect(points.at(-1)).toEqual([10, 0]);
  });

  it('takes a rate that is set at an epoch', () => {
    expect(draw({ kind: 'constant' }, [{ kind: 'rate', epoch: 5, rate: 0.5 }])).toEqual([
      [0, 0.01],
      [4, 0.01],
      [4, 0.5],
      [10, 0.5],
    ]);
  });

  it('is unknown without a length', () => {
    expect(drawSchedule(smallConfig(), null)).toEqual([]);
  });
});
