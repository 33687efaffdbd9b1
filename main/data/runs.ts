// Table runs: what is known of every run, and who drives it.

import { AppError } from '../api/errors.ts';
import { textListSchema } from '../api/json.ts';
import { labelsSchema, type ModelPreprocessing, modelPreprocessingSchema } from '../api/models.ts';
import { type RunConfig, runConfigSchema } from '../api/run-config.ts';
import type { Run, RunRecipe, RunState } from '../api/runs.ts';
import type { ReadableDatabase, SqlValue, WritableDatabase } from './database.ts';
import { insertEvent } from './events.ts';
import { fromJson } from './json.ts';
import { isAlive, type Owner } from './owner.ts';

/** Everything but the recipe, which may be a hundred kilobytes and lies in a table of its own. */
export const runColumns = `id, name, state, reason, dataset_id AS datasetId, dataset_name AS datasetName, preset, init,
  steps_per_epoch AS stepsPerEpoch, total_steps AS totalSteps, parameters, step, epoch, loss,
  best_top1_error AS bestTop1Error, best_epoch AS bestEpoch, starred, tags, notes,
  created_at AS createdAt, started_at AS startedAt, ended_at AS endedAt`;

export type RunRow = Omit<Run, 'starred' | 'tags'> & { starred: number; tags: string };

export function toRun(row: RunRow): Run {
  return { ...row, starred: row.starred !== 0, tags: fromJson(textListSchema, row.tags, 'runs.tags') };
}

export interface NewRun {
  id: string;
  name: string;
  datasetId: string;
  datasetName: string;
  preset: string;
  config: RunConfig;
  /** Class names in class order. */
  labels: readonly string[];
  preprocessing: ModelPreprocessing;
  /** The model it starts from, as the user named it; empty: drawn weights. */
  init: string;
  /** The same by its id: names are given again. */
  initById?: string;
  createdAt: number;
}

/** A run in state `queued`, driven by nobody yet. */
export function insertRun(db: WritableDatabase, run: NewRun): void {
  db.transaction(() => {
    db.insert(
      'runs.insert',
      `INSERT INTO runs (id, name, state, dataset_id, dataset_name, preset, init, created_at)
       VALUES (?, ?, 'queued', ?, ?, ?, ?, ?)`,
      [run.id, run.name, run.datasetId, run.datasetName, run.preset, run.init, run.createdAt],
    );
    db.insert(
      'runs.insertRecipe',
      'INSERT INTO run_recipes (run_id, config, labels, preprocessing, init) VALUES (?, ?, ?, ?, ?)',
      [
        run.id,
        JSON.stringify(run.config),
        JSON.stringify(run.labels),
        JSON.stringify(run.preprocessing),
        run.initById ?? '',
      ],
    );
  });
}

export function getRun(db: ReadableDatabase, id: string): Run | undefined {
  const row = db.get<RunRow>('runs.get', `SELECT ${runColumns} FROM runs WHERE id = ?`, [id]);
  return row && toRun(row);
}

/** By id, or the newest of that name. */
export function findRun(db: ReadableDatabase, idOrName: string): Run | undefined {
  const byId = getRun(db, idOrName);
  if (byId !== undefined) return byId;
  const row = db.get<RunRow>(
    'runs.find',
    `SELECT ${runColumns} FROM runs WHERE name = ? ORDER BY created_at DESC LIMIT 1`,
    [idOrName],
  );
  return row && toRun(row);
}

/** The configuration, labels and preprocessing it was made from. */
export function getRunRecipe(db: ReadableDatabase, id: string): RunRecipe | undefined {
  const row = db.get<{ config: string; labels: string; preprocessing: string }>(
    'runs.recipe',
    'SELECT config, labels, preprocessing FROM run_recipes WHERE run_id = ?',
    [id],
  );
  return (
    row && {
      config: fromJson(runConfigSchema, row.config, 'runs.config'),
      labels: fromJson(labelsSchema, row.labels, 'runs.labels'),
      preprocessing: fromJson(modelPreprocessingSchema, row.preprocessing, 'runs.preprocessing'),
    }
  );
}

/** MODEL that a run starts from; empty: drawn weights. Of runs of older versions as the user named it. */
export function getRunInit(db: ReadableDatabase, id: string): string {
  const row = db.get<{ init: string }>(
    'runs.init',
    `SELECT CASE run_recipes.init WHEN '' THEN runs.init ELSE run_recipes.init END AS init
     FROM runs JOIN run_recipes ON run_id = runs.id WHERE runs.id = ?`,
    [id],
  );
  return row?.init ?? '';
}

/** Of a run that nobody trains. */
export function updateRunConfig(db: WritableDatabase, id: string, config: RunConfig): void {
  db.change(
    'runs.config',
    'UPDATE run_recipes SET config = ? WHERE run_id = ?',
    [JSON.stringify(config), id],
    `run ${id} does not exist`,
  );
}

export const runPageSql = `SELECT ${runColumns} FROM runs
  WHERE (created_at, id) < (@createdAt, @id) ORDER BY created_at DESC, id DESC LIMIT @limit`;

export interface RunPage {
  /** The last run of the page before. */
  before?: Pick<Run, 'createdAt' | 'id'>;
  limit?: number;
}

/** Newest first. */
export function listRuns(db: ReadableDatabase, { before, limit = 1000 }: RunPage = {}): Run[] {
  return db
    .all<RunRow>('runs.page', runPageSql, {
      createdAt: before?.createdAt ?? Number.MAX_SAFE_INTEGER,
      id: before?.id ?? '',
      limit,
    })
    .map(toRun);
}

export const runsOfDatasetSql = `SELECT ${runColumns} FROM runs
  WHERE dataset_id = ? ORDER BY created_at DESC LIMIT ?`;

/** Newest first; all where no limit is given. */
export function listRunsOfDataset(db: ReadableDatabase, datasetId: string, limit = -1): Run[] {
  return db.all<RunRow>('runs.ofDataset', runsOfDatasetSql, [datasetId, limit]).map(toRun);
}

/** How many runs used a data set. */
export function countRunsOfDataset(db: ReadableDatabase, datasetId: string): number {
  const sql = 'SELECT count(*) AS n FROM runs WHERE dataset_id = ?';
  return db.get<{ n: number }>('runs.countOfDataset', sql, [datasetId])?.n ?? 0;
}

const unfinished: readonly RunState[] = ['queued', 'running', 'paused'];

/**
 * The run becomes `running`, driven by `owner`. Throws BUSY where a living process drives it, RUN_NOT_RESUMABLE
 * where it has finished, NOT_FOUND.
 */
export function claimRun(db: WritableDatabase, id: string, owner: Owner, startedAt: number): void {
  db.transaction(() => {
    const row = db.get<{ state: RunState; name: string } & OwnerRow>(
      'runs.owner',
      'SELECT state, name, owner_pid, owner_started FROM runs WHERE id = ?',
      [id],
    );
    if (row === undefined) throw new AppError('NOT_FOUND', `run ${id} does not exist`);
    const driver = toOwner(row);
    if (unfinished.includes(row.state) && driver !== undefined && isAlive(driver)) {
      throw new AppError(
        'BUSY',
        `run ${row.name} is being trained by process ${driver.pid}; stop that first`,
        {
          pid: driver.pid,
        },
      );
    }
    if (row.state === 'finished') {
      throw new AppError(
        'RUN_NOT_RESUMABLE',
        `run ${row.name} has finished; start a new one from its weights`,
        {
          state: row.state,
        },
      );
    }
    db.change(
      'runs.claim',
      `UPDATE runs SET state = 'running', reason = '', owner_pid = ?, owner_started = ?,
         started_at = coalesce(started_at, ?), ended_at = NULL
       WHERE id = ?`,
      [owner.pid, owner.started, startedAt, id],
      `run ${id} does not exist any more`,
    );
  });
}

/** What the engine has planned. */
export function planRun(
  db: WritableDatabase,
  id: string,
  plan: { stepsPerEpoch: number; totalSteps: number; parameters: number },
): void {
  db.change(
    'runs.plan',
    'UPDATE runs SET steps_per_epoch = ?, total_steps = ?, parameters = ? WHERE id = ?',
    [plan.stepsPerEpoch, plan.totalSteps, plan.parameters, id],
    `run ${id} does not exist any more`,
  );
}

/** Between `running` and `paused`. */
export function setRunPaused(db: WritableDatabase, id: string, paused: boolean): void {
  db.change(
    'runs.setPaused',
    "UPDATE runs SET state = ? WHERE id = ? AND state IN ('running', 'paused')",
    [paused ? 'paused' : 'running', id],
    `run ${id} does not run any more`,
  );
}

export interface RunEnding {
  state: Exclude<RunState, 'queued' | 'running' | 'paused'>;
  reason?: string;
  endedAt: number;
}

/** The run has ended and nobody drives it. */
export function endRun(db: WritableDatabase, id: string, ending: RunEnding): void {
  db.change(
    'runs.end',
    'UPDATE runs SET state = ?, reason = ?, ended_at = ?, owner_pid = NULL, owner_started = NULL WHERE id = ?',
    [ending.state, ending.reason ?? '', ending.endedAt, id],
    `run ${id} does not exist any more`,
  );
}

export interface RunEdit {
  name?: string;
  starred?: boolean;
  tags?: readonly string[];
  notes?: string;
}

/** What its owner writes on it. */
export function editRun(db: WritableDatabase, id: string, edit: RunEdit): void {
  const values: Record<string, SqlValue> = {
    id,
    name: edit.name ?? null,
    starred: edit.starred === undefined ? null : Number(edit.starred),
    tags: edit.tags === undefined ? null : JSON.stringify(edit.tags),
    notes: edit.notes ?? null,
  };
  db.change(
    'runs.edit',
    `UPDATE runs SET name = coalesce(@name, name), starred = coalesce(@starred, starred),
       tags = coalesce(@tags, tags), notes = coalesce(@notes, notes)
     WHERE id = @id`,
    values,
    `run ${id} does not exist any more`,
  );
}

/** Its metrics, validations, events and evaluations go with it; its checkpoint file is the caller's to remove. Throws BUSY, NOT_FOUND. */
export function deleteRun(db: WritableDatabase, id: string): void {
  db.transaction(() => {
    const row = db.get<OwnerRow & { state: RunState }>(
      'runs.owner',
      'SELECT state, name, owner_pid, owner_started FROM runs WHERE id = ?',
      [id],
    );
    const driver = row && toOwner(row);
    if (row !== undefined && unfinished.includes(row.state) && driver !== undefined && isAlive(driver)) {
      throw new AppError('BUSY', `run ${id} is being trained by process ${driver.pid}; stop that first`, {
        pid: driver.pid,
      });
    }
    db.change('runs.delete', 'DELETE FROM runs WHERE id = ?', [id], `run ${id} does not exist`);
  });
}

interface OwnerRow {
  owner_pid: number | null;
  owner_started: string | null;
}

function toOwner(row: OwnerRow): Owner | undefined {
  return row.owner_pid === null ? undefined : { pid: row.owner_pid, started: row.owner_started };
}

export const ownedRunsSql = `SELECT id, name, step, owner_pid, owner_started FROM runs
  WHERE state IN ('queued', 'running', 'paused') AND owner_pid IS NOT NULL`;

/**
 * Runs whose process is gone become `interrupted`, with the reason and an event; a run that a living process
 * drives is left alone. For every start of the application. Returns the runs' ids.
 */
export function markDeadRunsInterrupted(db: WritableDatabase, now: number): string[] {
  const rows = db.all<OwnerRow & { id: string; name: string; step: number }>('runs.owned', ownedRunsSql);
  const interrupted: string[] = [];
  for (const row of rows) {
    const driver = toOwner(row);
    if (driver === undefined || isAlive(driver)) continue;
    const reason = `process ${driver.pid}, which trained it, ended after step ${row.step} without a word; resume continues from the last checkpoint`;
    db.transaction(() => {
      // The owner is compared again: another process may have claimed the run since it was read.
      const changed = db.run(
        'runs.interrupt',
        `UPDATE runs SET state = 'interrupted', reason = ?, ended_at = ?, owner_pid = NULL, owner_started = NULL
         WHERE id = ? AND owner_pid = ? AND owner_started IS ?`,
        [reason, now, row.id, driver.pid, driver.started],
      );
      if (changed === 0) return;
      insertEvent(db, row.id, {
        step: row.step,
        kind: 'interrupted',
        payload: { reason, pid: driver.pid },
        at: now,
      });
      interrupted.push(row.id);
    });
  }
  return interrupted;
}
