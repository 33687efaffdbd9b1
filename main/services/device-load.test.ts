import { expect, test } from 'vitest';
import type { DeviceReport } from '../api/net-description.ts';
import type { DeviceLoad } from '../api/operations/devices.ts';
import type { GpuLoad } from '../engine/addon.ts';
import { DeviceLoads } from './device-load.ts';

function device(id: string, usable = true): DeviceReport {
  return {
    id,
    name: id,
    usable,
    reason: '',
    memoryBytes: 80e9,
    cores: 1,
    precisions: [],
    instructions: [],
    library: '',
    driver: '',
    computeCapability: '',
    freeBytes: -1,
    sharingReason: '',
    notes: [],
  };
}

const devices = [device('cpu'), device('cuda:0'), device('cuda:1'), device('cuda:2', false)];
const busy: GpuLoad = {
  id: 'cuda:0',
  utilisationPercent: 83,
  memoryUsedBytes: 20e9,
  memoryBytes: 81e9,
  reason: '',
};

async function first(loads: DeviceLoads): Promise<DeviceLoad[]> {
  const stream = loads.watch(new AbortController().signal);
  const { value } = await stream.next();
  await stream.return(undefined);
  return value as DeviceLoad[];
}

test('GPUs tell their load and memory, or why they do not', async () => {
  const silent = { id: 'cuda:1', utilisationPercent: null, memoryUsedBytes: 3e9, memoryBytes: null };
  const gpus = [busy, { ...silent, reason: 'the load is not known: NVML says "Not Supported"' }];
  const all = await first(new DeviceLoads({ devices: () => devices, readGpus: async () => gpus }));
  expect(all.map(({ id }) => id)).toEqual(['cpu', 'cuda:0', 'cuda:1']);
  expect(all[0]).toMatchObject({ id: 'cpu', reason: '' });
  expect(all[1]).toEqual({
    id: 'cuda:0',
    utilisation: 0.83,
    memoryUsedBytes: 20e9,
    memoryBytes: 81e9,
    reason: '',
  });
  expect(all[2]).toEqual({
    id: 'cuda:1',
    utilisation: null,
    memoryUsedBytes: 3e9,
    memoryBytes: 80e9,
    reason: 'the load is not known: NVML says "Not Supported"',
  });
});

test('a driver that fails, does not answer or forgets a GPU is said so', async () => {
  const reasonOf = async (readGpus: () => Promise<GpuLoad[]>) =>
    (await first(new DeviceLoads({ devices: () => devices, readGpus, patienceMs: 5 })))[2]?.reason;
  expect(await reasonOf(() => Promise.reject(new Error('x')))).toMatch(/^load and memory are not known: /);
  expect(await reasonOf(() => new Promise(() => {}))).toMatch(/the driver does not answer/);
  expect(await reasonOf(async () => [busy])).toMatch(/the driver lists no such GPU/);
});

test('all who watch share one question, and without a GPU none is asked', async () => {
  let asked = 0;
  const readGpus = async () => {
    asked++;
    await new Promise((resolve) => setTimeout(resolve, 50));
    return [busy];
  };
  const loads = new DeviceLoads({ devices: () => devices, readGpus });
  const both = await Promise.all([first(loads), first(loads)]);
  expect(both.map((all) => all[1]?.utilisation)).toEqual([0.83, 0.83]);
  expect(asked).toBe(1);
  await first(new DeviceLoads({ devices: () => [device('cpu')], readGpus }));
  expect(asked).toBe(1);
});
