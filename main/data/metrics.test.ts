import { beforeEach, describe, expect, it } from 'vitest';
import type { AppliedCommand, TrainingRecord } from '../api/training.ts';
import type { WritableDatabase } from './database.ts';
import { allEvents, forgetRepeatedEvents, insertEvent, listCommandsFrom, listEvents } from './events.ts';
import { lastMetric, listMetrics, listValidations, readCurve, storeTraining } from './metrics.ts';
import { openDatabase } from './open-database.ts';
import { getRun } from './runs.ts';
import { refusal } from './test-errors.ts';
import { addDataset, addRun, step, validation } from './test-rows.ts';

let db: WritableDatabase;

beforeEach(() => {
  db = openDatabase(':memory:');
  addDataset(db);
  addRun(db);
  return () => db.close();
});

function command(at: number, changes: Partial<AppliedCommand> = {}): AppliedCommand {
  return {
    kind: 'command',
    command: 'setRate',
    step: at,
    value: 0.5,
    steered: true,
    sequence: at,
    ...changes,
  };
}

const steps = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => step(from + i));

describe('storeTraining', () => {
  it('stores steps, validations and commands, and moves the run on', () => {
    storeTraining(db, 'r1', [...steps(1, 10), validation(1), command(10)], 77);
    expect(listMetrics(db, 'r1')).toHaveLength(10);
    const { kind: _kind, ...stored } = step(10);
    expect(lastMetric(db, 'r1')).toEqual(stored);
    const { kind: _other, ...validated } = validation(1);
    expect(listValidations(db, 'r1')).toEqual([validated]);
    expect(listEvents(db, 'r1')).toMatchObject([
      { kind: 'command', step: 10, at: 77, payload: { command: 'setRate' } },
    ]);
    expect(getRun(db, 'r1')).toMatchObject({ step: 10, epoch: 1, loss: 1, bestTop1Error: 0.8, bestEpoch: 1 });
  });

  it('keeps what a device said once, and forgets it where a resumed run says it again', () => {
    const notice: TrainingRecord = { kind: 'notice', step: 2, message: 'CUDA graphs are not used' };
    storeTraining(db, 'r1', [...steps(1, 3), notice], 1);
    // The records a checkpoint keeps are stored again after a crash.
    storeTraining(db, 'r1', [notice], 2);
    expect(listEvents(db, 'r1')).toMatchObject([{ kind: 'notice', step: 2, at: 1, payload: notice }]);
    expect(forgetRepeatedEvents(db, 'r1', 1)).toBe(1);
    storeTraining(db, 'r1', [{ ...notice, step: 3 }], 3);
    expect(listEvents(db, 'r1')).toMatchObject([{ kind: 'notice', step: 3 }]);
  });

  it('replaces steps that a resumed run makes again', () => {
    storeTraining(db, 'r1', steps(1, 5), 1);
    storeTraining(db, 'r1', [step(4, { loss: 9 }), step(5), step(6)], 2);
    expect(listMetrics(db, 'r1').map((metric) => metric.step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(listMetrics(db, 'r1', 3, 1)[0]?.loss).toBe(9);
    storeTraining(db, 'r1', [validation(1), validation(1, { top1Error: 0.3 })], 3);
    expect(listValidations(db, 'r1')).toHaveLength(1);
  });

  it('keeps the best validation, the earlier of two alike', () => {
    storeTraining(db, 'r1', [validation(1, { top1Error: 0.5 }), validation(2, { top1Error: 0.4 })], 1);
    storeTraining(db, 'r1', [validation(3, { top1Error: 0.4 }), validation(4, { top1Error: 0.6 })], 1);
    expect(getRun(db, 'r1')).toMatchObject({ bestTop1Error: 0.4, bestEpoch: 2 });
  });

  it('stores a loss that is not finite as unknown', () => {
    storeTraining(db, 'r1', [step(1, { loss: Number.NaN }), step(2, { loss: Number.POSITIVE_INFINITY })], 1);
    expect(listMetrics(db, 'r1').map((metric) => metric.loss)).toEqual([null, null]);
    expect(getRun(db, 'r1')?.loss).toBeNull();
  });

  it('takes the same records twice, and what a resumed run makes otherwise in place of what was there', () => {
    const scheduled = command(5, { command: 'scaleRate', value: 0.1, steered: false, sequence: 0 });
    storeTraining(db, 'r1', [...steps(1, 8), command(3), scheduled], 1);
    const again: TrainingRecord[] = [
      ...steps(1, 7),
      ...[8, 9, 10].map((at) => step(at, { loss: 7 })),
      command(3),
      command(9),
      command(9, { sequence: 10 }),
      scheduled,
      validation(1),
    ];
    for (const at of [2, 3]) storeTraining(db, 'r1', again, at);
    expect(listMetrics(db, 'r1').map((metric) => metric.step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(listMetrics(db, 'r1', 7).map((metric) => metric.loss)).toEqual([7, 7, 7]);
    expect(listEvents(db, 'r1').map((event) => [event.step, event.at])).toEqual([
      [3, 1],
      [5, 1],
      [9, 2],
      [9, 2],
    ]);
    expect(getRun(db, 'r1')).toMatchObject({ step: 10, bestEpoch: 1 });
  });

  it('stores a batch whole or not at all', () => {
    const broken = [...steps(1, 3), { ...step(4), top1Error: Number.NaN }];
    expect(() => storeTraining(db, 'r1', broken, 1)).toThrow('NOT NULL');
    expect(listMetrics(db, 'r1')).toEqual([]);
    expect(refusal(() => storeTraining(db, 'r9', steps(1, 1), 1)).details?.sqlite).toBe(
      'SQLITE_CONSTRAINT_FOREIGNKEY',
    );
    storeTraining(db, 'r1', [], 1);
  });
});

describe('readCurve', () => {
  it('gives every step where there are few', () => {
    storeTraining(db, 'r1', [...steps(1, 20), validation(1), validation(2)], 1);
    const curve = readCurve(db, 'r1', { points: 100 });
    expect(curve.points).toHaveLength(20);
    expect(curve.points[3]).toEqual({
      firstStep: 4,
      lastStep: 4,
      loss: 2.5,
      minLoss: 2.5,
      maxLoss: 2.5,
      top1Error: 0.9,
      top5Error: 0.5,
      learningRate: 0.01,
      imagesPerSecond: 320,
      dataWaitShare: 0.01,
      exchangeShare: 0.02,
    });
    expect(curve.best?.epoch).toBe(2);
  });

  it('averages as many steps a point as are needed, and keeps extremes and the best', () => {
    const records: TrainingRecord[] = steps(1, 1000).map((record) => ({ ...record, loss: record.step }));
    storeTraining(db, 'r1', [...records, validation(1, { top1Error: 0.1 }), validation(2)], 1);
    const curve = readCurve(db, 'r1', { points: 10 });
    expect(curve.points).toHaveLength(10);
    expect(curve.points[0]).toMatchObject({
      firstStep: 1,
      lastStep: 100,
      loss: 50.5,
      minLoss: 1,
      maxLoss: 100,
    });
    expect(curve.points.at(-1)).toMatchObject({ firstStep: 901, lastStep: 1000 });
    expect(curve.best?.epoch).toBe(1);
  });

  it('cuts out a range', () => {
    storeTraining(db, 'r1', steps(1, 100), 1);
    const { points } = readCurve(db, 'r1', { points: 5, fromStep: 11, toStep: 20 });
    expect(points.map((point) => [point.firstStep, point.lastStep])).toEqual([
      [11, 12],
      [13, 14],
      [15, 16],
      [17, 18],
      [19, 20],
    ]);
  });

  it('is empty for a run without steps, and leaves losses that are not finite out', () => {
    expect(readCurve(db, 'r1', { points: 10 })).toEqual({ points: [], validations: [], best: null });
    storeTraining(db, 'r1', [step(1, { loss: 4 }), step(2, { loss: Number.NaN })], 1);
    expect(readCurve(db, 'r1', { points: 1 }).points[0]).toMatchObject({ loss: 4, maxLoss: 4, lastStep: 2 });
    expect(refusal(() => readCurve(db, 'r1', { points: 0 })).code).toBe('INVALID_ARGUMENT');
  });
});

describe('events', () => {
  it('are listed by step, page by page', () => {
    for (const at of [5, 1, 3]) insertEvent(db, 'r1', { step: at, kind: 'started', payload: {}, at });
    const first = listEvents(db, 'r1', { limit: 2 });
    expect(first.map((event) => event.step)).toEqual([1, 3]);
    const last = first.at(-1);
    if (last === undefined) throw new Error('no event');
    expect(listEvents(db, 'r1', { after: last }).map((event) => event.step)).toEqual([5]);
  });

  it('are all there, however long a run lasts', () => {
    db.transaction(() => {
      for (let at = 2000; at >= 1; at--)
        insertEvent(db, 'r1', { step: at, kind: 'checkpoint', payload: {}, at });
      insertEvent(db, 'r1', { step: 2000, kind: 'ended', payload: {}, at: 1 });
    });
    const events = allEvents(db, 'r1');
    expect(events.map(({ step: at }) => at)).toEqual([
      ...Array.from({ length: 2000 }, (_, i) => i + 1),
      2000,
    ]);
    expect(events.at(-1)?.kind).toBe('ended');
    expect(allEvents(db, 'none')).toEqual([]);
  });

  it('give the commands that a resume replays, and forget those that it logs again', () => {
    const freeze = command(7, { command: 'freeze', layer: 'conv1', steered: true });
    storeTraining(db, 'r1', [command(2), command(6), freeze, command(8, { steered: false, sequence: 0 })], 1);
    insertEvent(db, 'r1', { step: 9, kind: 'checkpoint', payload: {}, at: 1 });
    insertEvent(db, 'r1', { step: 9, kind: 'ended', payload: {}, at: 1 });
    expect(listCommandsFrom(db, 'r1', 6)).toEqual([command(6), freeze]);
    expect(forgetRepeatedEvents(db, 'r1', 6)).toBe(2);
    expect(listEvents(db, 'r1').map((event) => [event.step, event.kind])).toEqual([
      [2, 'command'],
      [6, 'command'],
      [7, 'command'],
      [9, 'ended'],
    ]);
  });
});
