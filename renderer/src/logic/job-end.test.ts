import { expect, it } from 'vitest';
import { jobEnd } from './job-end.ts';

const job = { kind: 'train', state: 'done', skipped: 0, error: null, startedAt: 1 } as const;

it('tells a run that was stopped from one that trained to its end', () => {
  expect(jobEnd(job)).toEqual({ tone: 'good', text: 'Trained to its end.' });
  const stopped = jobEnd({ ...job, state: 'cancelled' });
  expect(stopped.tone).toBe('plain');
  expect(stopped.text).toContain('can be resumed');
  expect(jobEnd({ ...job, state: 'cancelled', startedAt: null }).text).toBe('Taken out of the queue.');
});

it('says how many files were left out', () => {
  expect(jobEnd({ ...job, kind: 'addDataset' }).text).toBe('Packed, nothing left out.');
  expect(jobEnd({ ...job, kind: 'addDataset', skipped: 12 }).text).toContain('12 files');
  expect(jobEnd({ ...job, kind: 'classify', skipped: 1 }).text).toBe('Done; 1 file could not be read.');
});

it('gives the reason of what failed', () => {
  const error = { code: 'DISK_FULL', message: 'the disk is full' };
  const end = jobEnd({ ...job, state: 'failed', error });
  expect(end.tone).toBe('danger');
  expect(end.text).toMatch(/^The disk is full\. Free/);
});
