import { describe, expect, it } from 'vitest';
import type { RunConfig } from '../api/run-config.ts';
import { testConfig } from '../engine/test-net.ts';
import { LiveKernelViews } from './live-kernels.ts';

/** Trains until it is told not to; every look is a step further, and its weights say which. */
class Training {
  trains = true;
  steps = 0;
  /** Looks at these are not answered. */
  readonly silent = new Set<number>();
  readonly asked: string[] = [];
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  isTraining(): boolean {
    return this.trains;
  }

  look(_id: string, tensor: string) {
    this.asked.push(tensor);
    const step = ++this.steps;
    if (this.silent.has(step)) return Promise.resolve(undefined);
    const weights = new Float32Array(this.#size).map((_, i) => i % (step + 1));
    return Promise.resolve({ step, values: new Uint8Array(weights.buffer) });
  }
}

function viewsOf(config: RunConfig = testConfig()) {
  const { kernel = 1, width } = config.net.layers[0] ?? {};
  const training = new Training(3 * kernel * kernel * Number(width));
  return { training, views: new LiveKernelViews({ training, configOf: () => config, everyMs: 1 }) };
}

describe('live kernels', () => {
  it('come step by step, each with its picture, until the run has ended', async () => {
    const { training, views } = viewsOf();
    training.silent.add(2);
    const steps: number[] = [];
    for await (const kernels of views.watch('r1', new AbortController().signal)) {
      steps.push(kernels.step);
      expect(kernels.image).toBe(`/images/live-kernels/r1/${kernels.step}`);
      const { tiles, pixels } = views.picture('r1', kernels.step);
      expect([tiles.width, tiles.height]).toEqual([kernels.width, kernels.height]);
      expect(new Set(pixels).size).toBeGreaterThan(1);
      if (kernels.step === 4) training.trains = false;
    }
    expect(steps).toEqual([1, 3, 4]);
    expect(new Set(training.asked)).toEqual(new Set(['conv1.weight']));
    expect(() => views.picture('r1', 4)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
  });

  it('keep the last few pictures, for a page that asks late', async () => {
    const { views } = viewsOf();
    for await (const { step } of views.watch('r1', new AbortController().signal)) if (step === 6) break;
    expect(views.picture('r1', 3).pixels).not.toEqual(views.picture('r1', 6).pixels);
    expect(() => views.picture('r1', 2)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
    expect(() => views.picture('r2', 6)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
  });

  it('are refused where nobody trains the run here, and end with whoever watches', async () => {
    const { training, views } = viewsOf();
    const leaving = new AbortController();
    for await (const { step } of views.watch('r1', leaving.signal)) if (step === 2) leaving.abort();
    expect(training.steps).toBe(2);
    training.trains = false;
    await expect(views.watch('r1', new AbortController().signal).next()).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});
