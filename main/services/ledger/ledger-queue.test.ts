// Plans in the application, with the fake engine: one call queues what is missing, evaluations follow their runs, a
// restart goes on, cancelling stops.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { LedgerSettings } from '../../api/ledger.ts';
import type { Studio } from '../studio.ts';
import { TestFolder } from '../testing/test-studio.ts';

// Every test starts processes, which takes long where others compute on the same cores.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const patient = { timeout: 120_000, interval: 50 };
const signal = new AbortController().signal;

let folder: TestFolder;
let settings: LedgerSettings;
beforeEach(async () => {
  folder = new TestFolder();
  const studio = folder.open({ images: 3 });
  const { id } = await studio.datasets.add({ name: 'pets', ...folder.photos() }, () => {});
  await studio.close();
  settings = {
    datasetId: id,
    rows: ['lrn'],
    preset: 'alexnet',
    seeds: 1,
    devices: ['cpu'],
    precision: 'fp32',
    threads: 0,
    scale: { widthFactor: 0.25, epochs: 30, batchSize: 1, learningRate: null, schedule: 'linear' },
  };
});
afterEach(() => folder.remove());

const application = (studio: Studio) => studio.openApplication({ remote: true }).handlers;

it('one call queues the runs, their evaluations follow, and a restart in between is outlived', async () => {
  const first = folder.open({ stepMs: 20, images: 3 });
  const before = application(first);
  const { planId } = await before.ledger.start(settings, signal);
  await vi.waitFor(async () => {
    const { rows, plan } = await before.ledger.show({ id: planId }, signal);
    expect(plan.active).toBe(true);
    expect(rows[0]?.progress).toBeGreaterThan(0);
    expect(rows[0]?.verdict).toBe('running');
  }, patient);
  await first.close();

  const after = application(folder.open({ stepMs: 0, images: 3 }));
  await vi.waitFor(async () => {
    const { rows, plan, time } = await after.ledger.show({ id: planId }, signal);
    expect(time).toMatchObject({ runsMissing: 0, evaluationsMissing: 0 });
    expect(rows[0]).toMatchObject({ done: 1, verdict: 'unresolved' });
    expect(plan.active).toBe(false);
  }, patient);
  expect(
    (await after.runs.list({ offset: 0, limit: 10, search: '', sort: 'createdAt', descending: true }, signal))
      .total,
  ).toBe(2);
  const { differences, curves } = await after.ledger.detail({ id: planId, row: 'lrn' }, signal);
  expect(differences.map(({ field }) => field)).toContain('net.lrn');
  expect(curves.map(({ side }) => side).sort()).toEqual(['baseline', 'variant']);
  const saved = await after.ledger.export({ id: planId, format: 'csv' }, signal);
  expect(saved.fileName).toBe('ledger-pets.csv');
  expect(saved.text).toMatch(/\r\nlrn,Response normalisation,no normalisation,error,1.4,1.2,1.37,1.15,/);
});

it('cancelling stops what trains and takes out what waits', async () => {
  const handlers = application(folder.open({ stepMs: 50, images: 3 }));
  const { planId } = await handlers.ledger.start(settings, signal);
  await vi.waitFor(async () => {
    const { rows } = await handlers.ledger.show({ id: planId }, signal);
    expect(rows[0]?.baseline.runs[0]?.state).toBe('running');
  }, patient);
  await handlers.ledger.cancel({ id: planId }, signal);
  await vi.waitFor(async () => {
    const { rows, plan } = await handlers.ledger.show({ id: planId }, signal);
    expect(plan.active).toBe(false);
    expect(rows[0]?.baseline.runs[0]?.state).toBe('stopped');
    // It never began.
    expect(rows[0]?.variant.runs).toEqual([]);
  }, patient);
});
