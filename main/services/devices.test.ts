import { expect, it } from 'vitest';
import type { DeviceReport } from '../api/net-description.ts';
import { createFakeAddon } from '../engine/fake-addon.ts';
import { DeviceService } from './devices.ts';

const [cpu] = createFakeAddon().listDevices() as [DeviceReport];

function preferred(...gpus: { id: string; usable: boolean }[]): string {
  const listDevices = () => [cpu, ...gpus.map((gpu) => ({ ...cpu, ...gpu }))];
  return new DeviceService(() => ({ ...createFakeAddon(), listDevices })).preferred();
}

it('prefers the first GPU that can be used to the processor', () => {
  expect(preferred()).toBe('cpu');
  expect(preferred({ id: 'cuda', usable: false })).toBe('cpu');
  expect(preferred({ id: 'cuda:0', usable: false }, { id: 'cuda:1', usable: true })).toBe('cuda:1');
  expect(preferred({ id: 'cuda:0', usable: true }, { id: 'cuda:1', usable: true })).toBe('cuda:0');
});
