import { describe, expect, it } from 'vitest';
import { describeEvent } from '../../../../main/api/event-text.ts';
import type { RunEvent } from '../../../../main/api/runs.ts';
import { eventSource, toMarkers } from './run-events.ts';

const event = (kind: RunEvent['kind'], payload: Record<string, unknown>, step = 10): RunEvent => ({
  id: step,
  step,
  kind,
  payload,
  at: 0,
});

describe('events in words', () => {
  it('names steering with its layer and value', () => {
    expect(describeEvent(event('command', { command: 'scaleRate', value: 0.1 }))).toBe('Rate times 0.1');
    expect(describeEvent(event('command', { command: 'setLayerRate', layer: 'conv1', value: 1e-5 }))).toBe(
      'Rate of conv1 set to 1e-5',
    );
    expect(describeEvent(event('command', { command: 'colourNoise', value: 0 }))).toBe('Colour noise off');
  });

  it('says why a checkpoint was written and that it is the best', () => {
    const payload = { reason: 'epoch', sizeBytes: 488_000_000, best: true };
    expect(describeEvent(event('checkpoint', payload))).toBe(
      'Checkpoint: end of the epoch, 488 MB, best so far',
    );
  });

  it('repeats what a device says', () => {
    expect(describeEvent(event('notice', { message: 'CUDA graphs are not used' }))).toBe(
      'CUDA graphs are not used',
    );
    expect(toMarkers([event('notice', { message: 'CUDA graphs are not used' })])).toEqual([]);
  });

  it('tells people from the schedule', () => {
    expect(eventSource(event('command', { steered: true }))).toBe('you');
    expect(eventSource(event('command', { steered: false }))).toBe('schedule');
    expect(eventSource(event('started', {}))).toBe('application');
  });

  it('draws what changes a curve, not every checkpoint', () => {
    const markers = toMarkers([
      event('started', {}, 0),
      event('command', { command: 'scaleRate', value: 0.1, steered: false }, 30),
      event('checkpoint', { reason: 'epoch' }, 40),
      event('command', { command: 'pause', steered: true }, 50),
      event('command', { command: 'resume', steered: true }, 50),
      event('interrupted', { reason: 'gone' }, 60),
      event('resumed', {}, 40),
    ]);
    expect(markers.map(({ x, tone }) => [x, tone])).toEqual([
      [30, 'plain'],
      [50, 'warn'],
      [60, 'danger'],
      [40, 'accent'],
    ]);
  });
});
