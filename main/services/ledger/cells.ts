// What a plan needs: every recipe of its rows once, with every seed; and of each run, which evaluations.
import { createHash } from 'node:crypto';
import type { LedgerSettings } from '../../api/ledger.ts';
import { parseRunConfig } from '../../api/parse.ts';
import type { RunConfig } from '../../api/run-config.ts';
import { definitionOf, type Recipe } from './claims.ts';

/** A recipe as a complete configuration; its seed is set by each cell. */
export interface PlannedRecipe {
  id: string;
  title: string;
  config: RunConfig;
  /** Crops of the evaluations that its rows need. */
  crops: (1 | 10)[];
}

/** One run to be made. */
export interface Cell {
  recipe: PlannedRecipe;
  seed: number;
  config: RunConfig;
}

export function plannedRecipes(settings: LedgerSettings, base: RunConfig): PlannedRecipe[] {
  const found = new Map<string, PlannedRecipe>();
  const add = ({ id, title, change }: Recipe, crops: readonly (1 | 10)[]) => {
    const known = found.get(id) ?? { id, title, config: parseRunConfig(change(base)), crops: [] };
    found.set(id, { ...known, crops: [...new Set([...known.crops, ...crops])] });
  };
  for (const row of settings.rows) {
    const { measure, crops, baseline, variant } = definitionOf(row);
    const needed: (1 | 10)[] = measure === 'epochs' ? [] : measure === 'crops' ? [1, 10] : [crops];
    add(baseline, needed);
    add(variant, needed);
  }
  return [...found.values()];
}

/** One seed after the other: with the first, every row has something to show. */
export function cellsOf(settings: LedgerSettings, recipes: readonly PlannedRecipe[]): Cell[] {
  return Array.from({ length: settings.seeds }, (_, i) => i + 1).flatMap((seed) =>
    recipes.map((recipe) => ({ recipe, seed, config: { ...recipe.config, seed } })),
  );
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([, child]) => child !== undefined);
  return Object.fromEntries(
    fields.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, child]) => [key, sorted(child)]),
  );
}

/** Equal for configurations that give the same numbers: how many threads and which checkpoints do not matter. */
export function configIdentity(config: RunConfig): string {
  const { threads: _threads, checkpoints: _checkpoints, ...rest } = config;
  return JSON.stringify(sorted(rest));
}

/** Equal for settings that are one plan: rows and seeds may be added to it later. */
export function planIdentity(settings: LedgerSettings): string {
  const { rows: _rows, seeds: _seeds, threads: _threads, ...rest } = settings;
  return createHash('sha256')
    .update(JSON.stringify(sorted(rest)))
    .digest('hex');
}
