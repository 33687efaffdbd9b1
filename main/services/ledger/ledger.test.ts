// Plans from beginning to end with the fake engine: what is missing, what is shared, what is used again.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LedgerSettings } from '../../api/ledger.ts';
import type { Studio } from '../studio.ts';
import { TestFolder } from '../testing/test-studio.ts';
import { runPlan } from './foreground.ts';

// Every test starts processes, which takes long where others compute on the same cores.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

let folder: TestFolder;
let studio: Studio;
let datasetId: string;
beforeEach(async () => {
  folder = new TestFolder();
  // The fake's packs have as many images as the photos below their folders: labels and answers go together.
  studio = folder.open({ stepMs: 0, images: 3 });
  datasetId = (await studio.datasets.add({ name: 'pets', ...folder.photos() }, () => {})).id;
});
afterEach(() => folder.remove());

const settings = (changes: Partial<LedgerSettings> = {}): LedgerSettings => ({
  datasetId,
  rows: ['lrn'],
  preset: 'alexnet',
  seeds: 1,
  devices: ['cpu'],
  precision: 'fp32',
  threads: 0,
  scale: { widthFactor: 0.25, epochs: 1, batchSize: 16, learningRate: null, schedule: 'linear' },
  ...changes,
});

interface Told {
  begun: string[];
  failed: string[];
}

async function run(wanted: LedgerSettings, onBegin = (_: Told) => {}, signal = new AbortController().signal) {
  const { ledger, training, evaluation } = studio;
  const told: Told = { begun: [], failed: [] };
  const plan = ledger.prepare(wanted);
  await runPlan(
    { ledger, training, evaluation },
    plan,
    {
      begins(work) {
        const crops = work.kind === 'evaluate' ? ` ${work.crops} of ${work.runs.length}` : '';
        told.begun.push(`${work.kind} ${work.cell.recipe.id} ${work.cell.seed}${crops}`);
        onBegin(told);
      },
      training: () => {},
      evaluating: () => {},
      evaluated: () => {},
      failed: (work, code) => told.failed.push(`${work.cell.recipe.id}: ${code}`),
    },
    signal,
  );
  return { plan, told };
}

describe('a plan', () => {
  it('trains and evaluates what its rows need, and shows what came of it', async () => {
    expect(studio.ledger.preview(settings())).toMatchObject({
      runsMissing: 2,
      runsThere: 0,
      evaluationsMissing: 2,
      remainingMs: null,
    });
    const { plan, told } = await run(settings());
    expect(told.begun).toEqual([
      'train baseline 1',
      'evaluate baseline 1 10 of 1',
      'train no-lrn 1',
      'evaluate no-lrn 1 10 of 1',
    ]);
    // The report of a run names the claims that it is part of.
    const [trained] = studio.runs.list();
    const { text } = await studio.reports.make(trained?.id ?? '', { photos: false });
    expect(text).toContain('Claims of the paper that this run is part of, on pets');
    expect(text).toContain('Response normalisation');
    const shown = await studio.ledger.show(plan.id);
    expect(shown.time).toMatchObject({ runsMissing: 0, evaluationsMissing: 0, remainingMs: 0 });
    expect(shown.comparability.comparable).toBe(false);
    expect(shown.comparability.why).toContain('pets is not ImageNet: 3 classes');
    const [row] = shown.rows;
    // One seed: a difference, but nothing to judge it by.
    expect(row).toMatchObject({ claim: 'lrn', verdict: 'unresolved', done: 1, wanted: 1, progress: 1 });
    expect(row?.top1).toMatchObject({ low: null, values: [expect.any(Number)] });
    expect([row?.toPaper, row?.toAuthor]).toEqual([null, null]);
    const runs = studio.runs.list();
    expect(runs.map(({ name, tags }) => [name, tags])).toEqual([
      ['ledger, no normalisation, seed 1', ['ledger']],
      ['ledger, the baseline, seed 1', ['ledger']],
    ]);
  });

  it('grows with rows and seeds, and does again nothing that is there', async () => {
    const first = await run(settings());
    const more = await run(settings({ rows: ['dropout', 'five-nets'], seeds: 2 }));
    expect(more.plan.id).toBe(first.plan.id);
    expect(more.plan.settings).toMatchObject({ rows: ['lrn', 'dropout', 'five-nets'], seeds: 2 });
    expect(more.told.begun).toEqual([
      'train no-dropout 1',
      'evaluate no-dropout 1 10 of 1',
      'train baseline 2',
      'evaluate baseline 2 10 of 1',
      'train no-lrn 2',
      'evaluate no-lrn 2 10 of 1',
      'train no-dropout 2',
      'evaluate no-dropout 2 10 of 1',
      'evaluate baseline 1 10 of 2',
    ]);
    expect((await run(settings())).told.begun).toEqual([]);
    const { rows } = await studio.ledger.show(more.plan.id);
    expect(rows.map(({ claim, done }) => [claim, done])).toEqual([
      ['lrn', 2],
      ['dropout', 2],
      ['five-nets', 2],
    ]);
    expect(rows[2]?.baseline.title).toBe('2 nets averaged');
    expect(rows[2]?.baseline.top1Error).not.toBeNull();
  });

  it('goes on where it was stopped', async () => {
    const control = new AbortController();
    const stopped = run(settings(), ({ begun }) => begun.length === 3 && control.abort(), control.signal);
    await expect(stopped).rejects.toMatchObject({ code: 'CANCELLED' });
    const { id } = studio.ledger.prepare(settings());
    const [row] = (await studio.ledger.show(id)).rows;
    expect(row?.verdict).toBe('stopped');
    expect(row?.because).toContain('ledger, no normalisation, seed 1: stopped after step');
    const { told } = await run(settings());
    expect(told.begun).toEqual(['train no-lrn 1', 'evaluate no-lrn 1 10 of 1']);
    expect(studio.runs.list()).toHaveLength(2);
  });

  it('uses a run that is there already with the same configuration, data set and seed', async () => {
    const [recipe] = studio.ledger.recipes(settings());
    if (recipe === undefined) throw new Error('no recipe');
    const config = { ...recipe.config, seed: 1, threads: 1 };
    const own = studio.training.create({ dataset: 'pets', config, name: 'mine' });
    await studio.training.train(own.id, () => {});
    expect(studio.ledger.preview(settings())).toMatchObject({ runsMissing: 1, runsThere: 1 });
    const { plan, told } = await run(settings());
    expect(told.begun[0]).toBe('evaluate baseline 1 10 of 1');
    const { rows } = await studio.ledger.show(plan.id);
    expect(rows[0]?.baseline.runs.map(({ name }) => name)).toEqual(['mine']);
  });

  it('makes again what was deleted, and outlives none of its runs when it is removed', async () => {
    const { plan } = await run(settings());
    studio.runs.delete('ledger, no normalisation, seed 1');
    expect((await studio.ledger.show(plan.id)).rows[0]).toMatchObject({ verdict: 'notRun', done: 0 });
    expect((await run(settings())).told.begun).toEqual(['train no-lrn 1', 'evaluate no-lrn 1 10 of 1']);
    studio.ledger.remove(plan.id);
    expect(studio.ledger.plans()).toEqual([]);
    expect(studio.runs.list()).toHaveLength(2);
    // All of it is found again.
    expect((await run(settings())).told.begun).toEqual([]);
  });

  it('refuses a data set without validation images and a preset that does not exist', async () => {
    folder.touch('bare/a/1.jpg', 'bare/b/1.jpg', 'bare/c/1.jpg');
    const bare = await studio.datasets.add({ name: 'bare', train: folder.path('bare') }, () => {});
    expect(() => studio.ledger.prepare(settings({ datasetId: bare.id }))).toThrow('no validation images');
    expect(() => studio.ledger.prepare(settings({ preset: 'alexnett' }))).toThrow('did you mean alexnet?');
    expect(studio.ledger.plans()).toEqual([]);
  });
});

describe('a run that diverged', () => {
  it('is told in its row, and not made again', async () => {
    await studio.close();
    studio = folder.open({ stepMs: 0, images: 64, divergeAtStep: 2 });
    const { plan, told } = await run(settings());
    expect(told.failed).toEqual(['baseline: DIVERGED', 'no-lrn: DIVERGED']);
    const [row] = (await studio.ledger.show(plan.id)).rows;
    expect(row?.verdict).toBe('failed');
    expect(row?.because).toContain('ledger, the baseline, seed 1: diverged after step');
    expect((await run(settings())).told.begun).toEqual([]);
  });
});
