import { expect, it } from 'vitest';
import type { Curve, CurvePoint, Run, Validation } from '../api/runs.ts';
import { diagnose, type Patient } from './doctor.ts';

function point(at: number, changes: Partial<CurvePoint> = {}): CurvePoint {
  return {
    firstStep: at,
    lastStep: at,
    loss: 1,
    top1Error: 0.3,
    top5Error: 0.1,
    minLoss: 1,
    maxLoss: 1,
    learningRate: 0.01,
    imagesPerSecond: 50,
    dataWaitShare: 0.01,
    exchangeShare: 0.01,
    ...changes,
  };
}

function epoch(number: number, changes: Partial<Validation> = {}): Validation {
  return {
    epoch: number,
    step: number * 100,
    images: 10,
    loss: 1,
    top1Error: 0.3,
    top5Error: 0.1,
    trainLoss: 1,
    trainTop1Error: 0.28,
    elapsedMs: 1,
    ...changes,
  };
}

function patient(
  points: Partial<CurvePoint>,
  options: { run?: Partial<Run>; validations?: Validation[]; devices?: string[] } = {},
): Patient {
  const validations = options.validations ?? [];
  const curve: Curve = {
    points: Array.from({ length: 300 }, (_, i) => point(i + 1, points)),
    validations,
    best: validations.reduce<Validation | null>(
      (a, b) => (a === null || b.top1Error < a.top1Error ? b : a),
      null,
    ),
  };
  const run = {
    step: 300,
    loss: points.loss === undefined ? 1 : points.loss,
    state: 'running',
    ...options.run,
  } as Run;
  return { run, curve, classes: 1000, columns: 2, devices: options.devices ?? ['cpu'], learningRate: 0.01 };
}

const codes = (found: Patient) => diagnose(found).map(({ code }) => code);

it('finds nothing wrong with a run that learns', () => {
  expect(codes(patient({}))).toEqual(['healthy']);
});

it('does not judge before there is something to see', () => {
  expect(codes(patient({}, { run: { step: 3 } }))).toEqual(['tooEarly']);
});

it('sees a loss that stays at ln K', () => {
  expect(codes(patient({ loss: 6.91 }))).toEqual(['stuckAtChance']);
  expect(codes(patient({ loss: 6.5 }))).toEqual(['healthy']);
  expect(diagnose(patient({ loss: 6.91 }))[0]?.evidence).toContain('6.908');
});

it('sees a loss that is no number, and worse than guessing', () => {
  expect(codes(patient({ loss: null }, { run: { loss: null } }))).toContain('notFinite');
  expect(codes(patient({}, { run: { state: 'diverged' } }))).toContain('notFinite');
  expect(codes(patient({ loss: 12 }))).toEqual(['rateTooHigh']);
});

it('sees waiting for data and for the other column', () => {
  expect(diagnose(patient({ dataWaitShare: 0.3 }))[0]).toMatchObject({
    code: 'starvedForData',
    severity: 'warning',
  });
  expect(diagnose(patient({ dataWaitShare: 0.6 }))[0]?.severity).toBe('bad');
  expect(codes(patient({ exchangeShare: 0.4 }, { devices: ['cuda:0', 'cuda:1'] }))).toEqual(['slowExchange']);
  expect(codes(patient({ exchangeShare: 0.4 }))).toEqual(['healthy']);
});

it('sees overfitting, and a validation that does not get better', () => {
  const learned = [epoch(1), epoch(2), epoch(3, { loss: 1.5, trainTop1Error: 0.05 })];
  expect(codes(patient({}, { validations: learned }))).toEqual(['overfitting']);
  const still = [1, 2, 3, 4, 5, 6, 7].map((number) => epoch(number, { top1Error: number === 1 ? 0.2 : 0.3 }));
  expect(codes(patient({}, { validations: still }))).toEqual(['stalled']);
  expect(codes(patient({}, { validations: still, run: { state: 'finished' } }))).toEqual(['healthy']);
});

it('puts what is worst first', () => {
  expect(codes(patient({ loss: 6.91, dataWaitShare: 0.3 }))).toEqual(['stuckAtChance', 'starvedForData']);
});
