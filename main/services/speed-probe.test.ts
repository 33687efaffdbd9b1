import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { forkHost, hostEntry } from '../engine/fork-host.ts';
import { testConfig } from '../engine/test-net.ts';
import { SpeedProbe, speedOf } from './speed-probe.ts';
import { fakeEnvironment } from './testing/test-studio.ts';

const steps = (count: number, elapsedMs: number) =>
  Array.from({ length: count }, () => ({ images: 10, elapsedMs }));

describe('the speed', () => {
  it('counts neither the first step nor what says too little', () => {
    expect(speedOf([{ images: 10, elapsedMs: 9000 }, ...steps(4, 500)], false)).toEqual({
      imagesPerSecond: 20,
      steps: 4,
      elapsedMs: 2000,
    });
    expect(speedOf(steps(4, 500), false)).toBeUndefined();
    expect(speedOf(steps(51, 1), false)?.steps).toBe(50);
    expect(speedOf(steps(4, 1), true)?.imagesPerSecond).toBe(10_000);
    expect(speedOf(steps(3, 1), true)).toBeUndefined();
  });
});

describe('a measurement', () => {
  const probeOf = (images: number, training = '') =>
    new SpeedProbe({
      spawnHost: forkHost(hostEntry, fakeEnvironment({ images, stepMs: 20 })),
      training: () => training,
    });
  /** What is temporary goes here: into the usual place others write, too. */
  let temporary = '';
  beforeAll(() => {
    temporary = mkdtempSync(join(tmpdir(), 'alexnet-speed-test-'));
    vi.stubEnv('TMPDIR', temporary);
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    rmSync(temporary, { recursive: true });
  });
  const left = () => readdirSync(temporary);
  const never = new AbortController().signal;

  it('trains a few steps and keeps nothing of them', async () => {
    const probe = probeOf(28);
    const both = [
      probe.measure(testConfig(), 'train.pack', never),
      probe.measure(testConfig(), 'train.pack', never),
    ];
    await expect(both[1]).rejects.toMatchObject({ code: 'BUSY' });
    const speed = await both[0];
    expect(speed?.steps).toBeGreaterThanOrEqual(3);
    expect(speed?.imagesPerSecond).toBeCloseTo(200, 0); // four images in twenty ms
    expect(left()).toEqual([]);
  });

  it('is refused where it would say nothing', async () => {
    await expect(probeOf(8).measure(testConfig(), 'train.pack', never)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('too few steps'),
    });
    await expect(probeOf(28, 'Train first').measure(testConfig(), 'train.pack', never)).rejects.toMatchObject(
      {
        code: 'BUSY',
        message: expect.stringContaining('Train first is under way'),
      },
    );
  });

  it('ends when nobody waits for it any more', async () => {
    const leaving = new AbortController();
    const measured = probeOf(100_000).measure(testConfig(), 'train.pack', leaving.signal);
    setTimeout(() => leaving.abort(), 300);
    await expect(measured).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(left()).toEqual([]);
  });
});
