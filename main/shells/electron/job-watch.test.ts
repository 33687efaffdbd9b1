import { describe, expect, it } from 'vitest';
import type { Job } from '../../api/operations/jobs.ts';
import { JobWatch, noticeOf, screenOf, taskbarProgress } from './job-watch.ts';
import { quitQuestion } from './quitting.ts';

function job(change: Partial<Job> = {}): Job {
  const progress = { phase: 'training', done: 30, total: 120, unit: 'steps' as const };
  return {
    id: 'j1',
    kind: 'train',
    title: 'Train alexnet on birds',
    state: 'running',
    subject: 'r1',
    result: null,
    progress: { ...progress, perSecond: 1, remainingMs: 90_000 },
    error: null,
    skipped: 0,
    canPause: true,
    createdAt: 0,
    startedAt: 0,
    endedAt: null,
    ...change,
  };
}

describe('the task bar', () => {
  it('shows how far the training is, before other jobs', () => {
    const packing = job({ id: 'j2', kind: 'addDataset', progress: null });
    expect(taskbarProgress([packing, job()])).toEqual({ value: 0.25, mode: 'normal' });
    expect(taskbarProgress([packing])).toEqual({ value: 2, mode: 'indeterminate' });
  });

  it('shows a pause, and nothing where nothing runs', () => {
    expect(taskbarProgress([job({ state: 'paused' })])).toEqual({ value: 0.25, mode: 'paused' });
    expect(taskbarProgress([job({ state: 'paused', progress: null })])).toEqual({ value: 1, mode: 'paused' });
    expect(taskbarProgress([job({ state: 'queued', progress: null })])).toEqual({
      value: -1,
      mode: 'normal',
    });
    expect(taskbarProgress([])).toEqual({ value: -1, mode: 'normal' });
  });
});

describe('a notification', () => {
  const end = { progress: null, endedAt: 5000 };

  it('tells that training is done, and of other jobs only those that took a while', () => {
    expect(noticeOf(job({ ...end, state: 'done' }))).toEqual({
      title: 'Train alexnet on birds',
      body: 'Done.',
      urgency: 'normal',
    });
    expect(noticeOf(job({ ...end, kind: 'evaluate', state: 'done' }))).toBeUndefined();
    expect(noticeOf(job({ ...end, kind: 'evaluate', state: 'done', endedAt: 60_000 }))?.body).toBe('Done.');
  });

  it('says why a job failed or was interrupted, in a line, and what to do', () => {
    const error = {
      code: 'ENGINE_DIED',
      message: 'The engine crashed (SIGSEGV). Its last words:\nfault\nat',
    };
    expect(noticeOf(job({ ...end, state: 'interrupted', error }))).toEqual({
      title: 'Train alexnet on birds was interrupted',
      body: 'The engine crashed (SIGSEGV). It can be resumed from its last checkpoint.',
      urgency: 'critical',
    });
    const full = { code: 'DISK_FULL', message: 'The disk is full; free some space.' };
    expect(noticeOf(job({ ...end, kind: 'addDataset', state: 'failed', error: full }))).toMatchObject({
      title: expect.stringContaining('failed'),
      body: full.message,
    });
  });

  it('tells nothing of what the user stopped', () => {
    expect(noticeOf(job({ ...end, state: 'cancelled' }))).toBeUndefined();
  });

  it('leads to the run', () => {
    expect(screenOf(job())).toBe('/runs/r1');
    expect(screenOf(job({ kind: 'addDataset' }))).toBeUndefined();
  });
});

describe('watching', () => {
  it('tells each end once, and knows when nothing is left', async () => {
    const events: string[] = [];
    async function* stream() {
      await Promise.resolve();
      yield job({ state: 'queued' });
      yield job();
      yield job({ id: 'j2', state: 'paused' });
      yield job({ state: 'done' });
      // Of a job that was not seen running nothing is told.
      yield job({ id: 'j3', state: 'failed' });
    }
    const over = new Promise<void>((resolve) => {
      const watch = new JobWatch({
        watch: stream,
        onChange: (jobs) => events.push(`${jobs.length} ${watch?.idle}`),
        onEnd: ({ id }) => events.push(`end ${id}`),
        onFault: (error) => events.push(String(error)),
      });
      setTimeout(resolve, 20);
    });
    await over;
    expect(events).toEqual(['1 false', '1 false', '2 false', '1 true', 'end j1', '1 true']);
  });

  it('tells that the stream broke', async () => {
    const fault = await new Promise((resolve) => {
      const nothing = () => {};
      // biome-ignore lint/correctness/useYield: it breaks before its first event.
      const watch = async function* (): AsyncGenerator<Job> {
        await Promise.resolve();
        throw new Error('broken');
      };
      new JobWatch({ watch, onChange: nothing, onEnd: nothing, onFault: resolve });
    });
    expect(fault).toEqual(new Error('broken'));
  });
});

describe('the question before quitting', () => {
  it('names one job, or lists several', () => {
    expect(quitQuestion([job()])).toMatchObject({
      message: 'Train alexnet on birds is still running.',
      detail: expect.stringContaining('checkpoint'),
    });
    const packing = job({ id: 'j2', kind: 'addDataset', title: 'Add birds' });
    expect(quitQuestion([job(), packing])).toMatchObject({
      message: '2 jobs are running.',
      detail: expect.stringMatching(/^Train alexnet on birds\nAdd birds\n/),
    });
  });

  it('does not speak of checkpoints where nothing trains', () => {
    expect(quitQuestion([job({ kind: 'addDataset' })]).buttons).toEqual([
      'Go on in the background',
      'Stop',
      'Cancel',
    ]);
  });
});
