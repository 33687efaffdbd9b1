// Runs: list, show, compare, delete, and what became of those whose process died.
import { existsSync, rmSync } from 'node:fs';
import { AppError } from '../api/errors.ts';
import type { Checkpoint, Run, RunDetail } from '../api/runs.ts';
import { listCheckpoints } from '../data/checkpoint-reader.ts';
import { type DataDirectory, runFile } from '../data/data-directory.ts';
import type { WritableDatabase } from '../data/database.ts';
import { allEvents } from '../data/events.ts';
import { listValidations } from '../data/metrics.ts';
import { openCheckpointReader } from '../data/open-database.ts';
import { deleteRun, getRun, getRunRecipe, listRuns, markDeadRunsInterrupted } from '../data/runs.ts';
import { removeOrphanIndexes } from './index-files.ts';
import { meanImageFile } from './mean-image.ts';
import { resolveRun } from './run-reference.ts';

/** A field in which runs differ, and its value in each. */
export interface ConfigDifference {
  field: string;
  values: unknown[];
}

export class RunService {
  readonly #db: WritableDatabase;
  readonly #directory: DataDirectory;
  readonly #now: () => number;

  constructor(db: WritableDatabase, directory: DataDirectory, now: () => number) {
    this.#db = db;
    this.#directory = directory;
    this.#now = now;
  }

  /** Newest first. */
  list(): Run[] {
    return listRuns(this.#db, { limit: 100_000 });
  }

  exists(id: string): boolean {
    return getRun(this.#db, id) !== undefined;
  }

  /** Throws NOT_FOUND. */
  find(reference: string): Run {
    return resolveRun(this.#db, reference);
  }

  /** Throws NOT_FOUND, CORRUPT_CHECKPOINT. */
  show(reference: string): RunDetail {
    const run = this.describe(reference);
    return { ...run, checkpoints: this.#checkpoints(run.id) };
  }

  /** Everything but its checkpoints, which are in a file of their own. Throws NOT_FOUND. */
  describe(reference: string): Omit<RunDetail, 'checkpoints'> {
    const run = this.find(reference);
    const recipe = getRunRecipe(this.#db, run.id);
    if (recipe === undefined) throw new AppError('NOT_FOUND', `run ${reference} does not exist any more`);
    return {
      ...run,
      ...recipe,
      validations: listValidations(this.#db, run.id),
      events: allEvents(this.#db, run.id),
    };
  }

  /** The runs, and every field of their configurations that is not the same in all. Throws NOT_FOUND. */
  compare(references: readonly string[]): { runs: Run[]; differences: ConfigDifference[] } {
    const runs = references.map((reference) => this.find(reference));
    return {
      runs,
      differences: configDifferences(runs.map((run) => getRunRecipe(this.#db, run.id)?.config)),
    };
  }

  /** With its metrics, evaluations and checkpoint file. Throws NOT_FOUND, BUSY while it trains. */
  delete(reference: string): Run {
    const run = this.find(reference);
    const file = runFile(this.#directory, run.id);
    // Broken off before the end of the transaction the run can be deleted again; without it files would stay for ever.
    this.#db.transaction(() => {
      deleteRun(this.#db, run.id);
      for (const path of [file, `${file}-journal`, meanImageFile(this.#directory, run.id)]) {
        rmSync(path, { force: true });
      }
    });
    removeOrphanIndexes(this.#db, this.#directory);
    return run;
  }

  /** For every start: runs whose process is gone become `interrupted`. Returns them. */
  markDeadInterrupted(): Run[] {
    return markDeadRunsInterrupted(this.#db, this.#now()).map((id) => this.find(id));
  }

  #checkpoints(id: string): Checkpoint[] {
    const file = runFile(this.#directory, id);
    if (!existsSync(file)) return [];
    const db = openCheckpointReader(file);
    try {
      return listCheckpoints(db);
    } finally {
      db.close();
    }
  }
}

/** Every field that is not the same in all configurations. */
export function configDifferences(values: readonly unknown[]): ConfigDifference[] {
  const configs = values.map((config) => flatten(config));
  const fields = [...new Set(configs.flatMap((config) => [...config.keys()]))];
  return fields
    .map((field) => ({ field, values: configs.map((config) => config.get(field)) }))
    .filter(({ values: each }) => each.some((one) => JSON.stringify(one) !== JSON.stringify(each[0])));
}

/** Every value of a configuration by its path; elements with a name go by it. */
function flatten(value: unknown, path = '', into = new Map<string, unknown>()): Map<string, unknown> {
  if (typeof value !== 'object' || value === null || isPlainList(value)) {
    into.set(path, value);
    return into;
  }
  for (const [key, child] of Object.entries(value)) {
    const name: unknown =
      typeof child === 'object' && child !== null ? Reflect.get(child, 'name') : undefined;
    const step = Array.isArray(value) && typeof name === 'string' ? name : key;
    flatten(child, path === '' ? step : `${path}.${step}`, into);
  }
  return into;
}

function isPlainList(value: object): boolean {
  return Array.isArray(value) && value.every((element) => typeof element !== 'object');
}
