import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { StepRecord } from '../api/training.ts';
import { Outbox } from './outbox.ts';
import type { FromHost } from './protocol.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function record(step: number): StepRecord {
  return {
    kind: 'step',
    step,
    epoch: 1,
    images: 1,
    loss: 1,
    top1Error: 0,
    top5Error: 0,
    learningRate: 0.1,
    elapsedMs: 1,
    dataWaitMs: 0,
    exchangeMs: 0,
  };
}

function open() {
  const sent: FromHost[] = [];
  return { sent, outbox: new Outbox((message) => sent.push(message)) };
}

const trained: FromHost = { type: 'trained', end: 'finished', step: 2 };

test('the first records leave at once, later ones together after a tenth of a second', () => {
  const { sent, outbox } = open();
  outbox.addRecords([record(1)]);
  expect(sent).toEqual([{ type: 'training', events: [record(1)] }]);
  outbox.addRecords([record(2)]);
  vi.advanceTimersByTime(50);
  outbox.addRecords([record(3)]);
  expect(sent).toHaveLength(1);
  vi.advanceTimersByTime(50);
  expect(sent.slice(1)).toEqual([{ type: 'training', events: [record(2), record(3)] }]);
});

test('a message keeps its place between the records', () => {
  const { sent, outbox } = open();
  outbox.flush();
  outbox.addRecords([record(1)]);
  outbox.add(trained);
  outbox.addRecords([record(2)]);
  expect(sent).toEqual([]);
  vi.advanceTimersByTime(100);
  expect(sent).toEqual([
    { type: 'training', events: [record(1)] },
    trained,
    { type: 'training', events: [record(2)] },
  ]);
});

test('flush sends everything now and nothing twice', () => {
  const { sent, outbox } = open();
  outbox.addRecords([record(1)]);
  outbox.addRecords([record(2)]);
  outbox.addRecords([]);
  outbox.flush();
  outbox.flush();
  vi.advanceTimersByTime(1000);
  expect(sent.map((message) => message.type)).toEqual(['training', 'training']);
});
