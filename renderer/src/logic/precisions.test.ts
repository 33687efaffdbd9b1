import { expect, it } from 'vitest';
import type { DeviceReport } from '../../../main/api/net-description.ts';
import { gainText, sharedPrecisions } from './precisions.ts';

const device = (id: string, ...precisions: string[]) => ({ id, precisions }) as DeviceReport;
const known = [
  device('cpu', 'fp32', 'bf16'),
  device('cuda:0', 'fp32', 'tf32', 'bf16'),
  device('cuda:1', 'fp32'),
];

it('offers what every chosen device computes in', () => {
  expect(sharedPrecisions(['cpu'], known)).toEqual(['fp32', 'bf16']);
  expect(sharedPrecisions(['cuda:0', 'cuda:0'], known)).toEqual(['fp32', 'tf32', 'bf16']);
  expect(sharedPrecisions(['cuda:0', 'cuda:1'], known)).toEqual(['fp32']);
  expect(sharedPrecisions(['cuda:0', 'cuda:9'], known)).toBeUndefined();
});

it('names a gain only where it was measured', () => {
  const faster = { precision: 'bf16', instructions: ['amx_bf16'], imagesPerSecond: null } as const;
  const told = { ...faster, instructions: [...faster.instructions] };
  expect(gainText(told, 44)).toContain('usually');
  expect(gainText({ ...told, imagesPerSecond: 96.2 }, 44)).toContain(
    '96 images a second in bf16, 44 in fp32',
  );
  expect(gainText({ ...told, imagesPerSecond: 96.2 }, null)).toMatch(/96 images a second in bf16\.$/);
  expect(gainText({ ...told, instructions: [] }, 44)).toBe('bf16 is the fastest on a GPU.');
});
