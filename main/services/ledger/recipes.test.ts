import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { LedgerSettings } from '../../api/ledger.ts';
import { loadAddon } from '../../engine/load-addon.ts';
import { Presets } from '../presets.ts';
import { cellsOf, configIdentity, planIdentity, plannedRecipes } from './cells.ts';
import { claimDefinitions, definitionOf } from './claims.ts';
import { planBase } from './scale.ts';

const presets = new Presets(fileURLToPath(new URL('../../../resources/presets', import.meta.url)));

function settings(changes: Partial<LedgerSettings> = {}, scale = {}): LedgerSettings {
  return {
    datasetId: 'd1',
    rows: claimDefinitions.map(({ id }) => id),
    preset: 'alexnet',
    seeds: 2,
    devices: ['cpu'],
    precision: 'fp32',
    threads: 0,
    ...changes,
    scale: {
      widthFactor: 1,
      epochs: 90,
      batchSize: 128,
      learningRate: null,
      schedule: 'preset',
      ...scale,
    },
  };
}

const recipesOf = (wanted: LedgerSettings, classes = 1000) =>
  plannedRecipes(wanted, planBase(presets, wanted, classes));

describe('the recipes', () => {
  // The presets were written from the author's own runs.
  it.each([
    ['one-column', 'one-column-2012'],
    ['no-lrn', 'no-lrn-2012'],
    ['no-overlap', 'no-overlap-2012'],
    ['no-traffic', 'no-traffic-2012'],
  ])('%s makes of code-2012 the net of %s', (id, preset) => {
    const made = recipesOf(settings({ preset: 'code-2012' })).find((recipe) => recipe.id === id);
    expect(made?.config.net).toEqual(presets.load(preset).config.net);
  });

  it.each(['alexnet', 'paper-2012', 'code-2012'])(
    'all work with %s at a quarter of the width, as the engine sees it',
    (preset) => {
      const addon = loadAddon();
      for (const { id, config } of recipesOf(
        settings({ preset }, { widthFactor: 0.25, epochs: 5, batchSize: 32, schedule: 'linear' }),
        10,
      )) {
        expect(() => addon.checkConfig(JSON.stringify(config)), id).not.toThrow();
      }
    },
  );

  it('change what their row says and nothing else', () => {
    const [base, ...others] = recipesOf(settings()).filter(({ id }) => !id.startsWith('code-'));
    const parts = (config: typeof base) => Object.entries(config?.config ?? {});
    const changed = others.map(({ id, config }) => [
      id,
      parts(base)
        .filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(Reflect.get(config, key)))
        .map(([key]) => key),
    ]);
    expect(Object.fromEntries(changed)).toEqual({
      'one-column': ['net'],
      'no-lrn': ['net'],
      'no-overlap': ['net'],
      'no-traffic': ['net'],
      'no-colour-noise': ['augmentation'],
      'centre-crops': ['augmentation'],
      'no-dropout': ['net'],
      'no-conv4': ['net'],
      'bare-relu': ['net', 'optimiser', 'augmentation'],
      'bare-tanh': ['net', 'optimiser', 'augmentation'],
      'bare-sigmoid': ['net', 'optimiser', 'augmentation'],
      'double-batch': ['optimiser'],
    });
  });

  it('leave pooling alone where sizes are rounded down, and change two paddings where they are rounded up', () => {
    const paddings = (preset: string) =>
      recipesOf(settings({ preset }))
        .find(({ id }) => id === 'no-overlap')
        ?.config.net.layers.filter(({ kind }) => kind === 'conv')
        .map(({ padding }) => padding);
    expect(paddings('paper-2012')).toEqual([2, 2, 1, 1, 1]);
    expect(paddings('code-2012')).toEqual([{ size: 0, rounding: 'ceil' }, 1, 1, 1, 0]);
  });

  it('set every difference of text and code on both sides, so that no preset decides it', () => {
    for (const { id, group, baseline, variant } of claimDefinitions) {
      if (group !== 'code') continue;
      const identities = ['paper-2012', 'code-2012'].map((preset) => {
        const base = planBase(presets, settings({ preset }), 1000);
        return [configIdentity(baseline.change(base)), configIdentity(variant.change(base))];
      });
      for (const [paper, code] of identities) expect(paper, id).not.toBe(code);
    }
  });
});

describe('a plan', () => {
  it('shares runs between rows, the first seed of every recipe first', () => {
    const wanted = settings({ rows: ['lrn', 'dropout', 'ten-crops'], seeds: 2 });
    const recipes = recipesOf(wanted);
    expect(recipes.map(({ id, crops }) => [id, crops])).toEqual([
      ['baseline', [10, 1]],
      ['no-lrn', [10]],
      ['no-dropout', [10]],
    ]);
    const cells = cellsOf(wanted, recipes).map(({ recipe, seed, config }) => [recipe.id, seed, config.seed]);
    expect(cells.slice(0, 4)).toEqual([
      ['baseline', 1, 1],
      ['no-lrn', 1, 1],
      ['no-dropout', 1, 1],
      ['baseline', 2, 2],
    ]);
    expect(cells).toHaveLength(6);
  });

  it('scales drops and end-game of the preset to its length', () => {
    const { optimiser, epochs } = planBase(presets, settings({ preset: 'code-2012' }, { epochs: 9 }), 1000);
    expect(epochs).toBe(9);
    expect(optimiser.schedule).toMatchObject({ kind: 'steps', epochs: [3, 6, 9] });
    expect(optimiser.actions.map(({ epoch }) => epoch)).toEqual([8, 8, 8]);
    const whole = planBase(presets, settings({ preset: 'code-2012' }), 1000);
    expect(whole.optimiser).toEqual(presets.load('code-2012').config.optimiser);
  });

  it('is the same plan with other rows, more seeds or more threads, and another at another scale', () => {
    const identity = planIdentity(settings());
    expect(planIdentity(settings({ rows: ['lrn'], seeds: 5, threads: 8 }))).toBe(identity);
    expect(planIdentity(settings({}, { epochs: 5 }))).not.toBe(identity);
    expect(planIdentity(settings({ precision: 'bf16' }))).not.toBe(identity);
  });

  it('quotes an entry of the reference in every row that says so', () => {
    expect(definitionOf('lrn').quotes).toBe('lrn');
    expect(
      claimDefinitions
        .filter(({ group, quotes }) => group === 'paper' && quotes === null)
        .map(({ id }) => id),
    ).toEqual(['relu-sigmoid']);
  });
});
