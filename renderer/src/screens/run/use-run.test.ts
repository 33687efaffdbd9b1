import { describe, expect, it } from 'vitest';
import type { Validation } from '../../../../main/api/runs.ts';
import { bestOf, mergeEvents, mergeValidations, toPoint } from './use-run.ts';

const validation = (epoch: number, top1Error: number): Validation => ({
  epoch,
  step: epoch * 10,
  images: 100,
  loss: 1,
  top1Error,
  top5Error: 0.1,
  trainLoss: 1,
  trainTop1Error: 0.5,
  elapsedMs: 10,
});

describe('what a run tells', () => {
  it('keeps one validation an epoch, the newest, in order', () => {
    const merged = mergeValidations(
      [validation(1, 0.9), validation(2, 0.8)],
      [validation(3, 0.6), validation(2, 0.7)],
    );
    expect(merged.map(({ epoch, top1Error }) => [epoch, top1Error])).toEqual([
      [1, 0.9],
      [2, 0.7],
      [3, 0.6],
    ]);
  });

  it('marks the first of equally good validations as the best', () => {
    expect(bestOf([validation(1, 0.9), validation(2, 0.5), validation(3, 0.5)])?.epoch).toBe(2);
    expect(bestOf([])).toBeNull();
  });

  it('orders events by step, then by id, and has each once', () => {
    const event = (id: number, step: number) => ({
      id,
      step,
      kind: 'checkpoint' as const,
      payload: {},
      at: 0,
    });
    const merged = mergeEvents([event(1, 0), event(3, 20)], [event(2, 20), event(3, 20), event(4, 5)]);
    expect(merged.map(({ id }) => id)).toEqual([1, 4, 2, 3]);
  });

  it('makes speed and shares of a step', () => {
    const point = toPoint({
      step: 7,
      epoch: 1,
      images: 128,
      loss: 2,
      top1Error: 0.5,
      top5Error: 0.2,
      learningRate: 0.01,
      elapsedMs: 2000,
      dataWaitMs: 500,
      exchangeMs: 100,
    });
    expect(point).toMatchObject({
      imagesPerSecond: 64,
      dataWaitShare: 0.25,
      exchangeShare: 0.05,
      lastStep: 7,
    });
  });
});
