// Tables sweeps and sweep_outputs: files and folders classified with one model, and the files that answers go to.
import { textListSchema } from '../api/json.ts';
import type { ReadableDatabase, WritableDatabase } from './database.ts';
import { fromJson } from './json.ts';

export interface StoredSweep {
  id: string;
  /** Absolute, none below another. */
  paths: string[];
  /** As the user named it; what computes is exactly one of the two ids. */
  model: string;
  runId: string | null;
  modelId: string | null;
  checkpointStep: number | null;
  crops: 1 | 10;
  /** Answers a photo. */
  top: number;
  createdAt: number;
  startedAt: number | null;
  /** When it last came to the end; null: not since it was started. */
  endedAt: number | null;
}

type Row = Omit<StoredSweep, 'paths'> & { paths: string };

const columns = `id, paths, model, run_id AS runId, model_id AS modelId, checkpoint_step AS checkpointStep, crops, top,
  created_at AS createdAt, started_at AS startedAt, ended_at AS endedAt`;

function toSweep(row: Row): StoredSweep {
  return { ...row, paths: fromJson(textListSchema, row.paths, 'sweeps.paths') };
}

export type NewSweep = Omit<StoredSweep, 'startedAt' | 'endedAt'> & { identity: string };

export function insertSweep(db: WritableDatabase, sweep: NewSweep): void {
  db.insert(
    'sweeps.insert',
    `INSERT INTO sweeps (id, identity, paths, model, run_id, model_id, checkpoint_step, crops, top, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      sweep.id,
      sweep.identity,
      JSON.stringify(sweep.paths),
      sweep.model,
      sweep.runId,
      sweep.modelId,
      sweep.checkpointStep,
      sweep.crops,
      sweep.top,
      sweep.createdAt,
    ],
  );
}

export function getSweep(db: ReadableDatabase, id: string): StoredSweep | undefined {
  const row = db.get<Row>('sweeps.get', `SELECT ${columns} FROM sweeps WHERE id = ?`, [id]);
  return row && toSweep(row);
}

export function findSweep(db: ReadableDatabase, identity: string): StoredSweep | undefined {
  const row = db.get<Row>('sweeps.find', `SELECT ${columns} FROM sweeps WHERE identity = ?`, [identity]);
  return row && toSweep(row);
}

export const sweepListSql = `SELECT ${columns} FROM sweeps ORDER BY created_at DESC, id DESC LIMIT ?`;

/** Newest first. */
export function listSweeps(db: ReadableDatabase, limit: number): StoredSweep[] {
  return db.all<Row>('sweeps.list', sweepListSql, [limit]).map(toSweep);
}

export function countSweep(db: ReadableDatabase, id: string): { files: number; failed: number } {
  const counts = db.get<{ files: number; failed: number }>(
    'sweeps.count',
    `SELECT count(*) AS files, count(*) FILTER (WHERE class_name IS NULL) AS failed FROM predictions
     WHERE sweep_id = ?`,
    [id],
  );
  return counts ?? { files: 0, failed: 0 };
}

export function startSweep(db: WritableDatabase, id: string, at: number): void {
  db.change(
    'sweeps.start',
    'UPDATE sweeps SET started_at = ?, ended_at = NULL WHERE id = ?',
    [at, id],
    'these answers were removed',
  );
}

export function endSweep(db: WritableDatabase, id: string, at: number): void {
  db.change(
    'sweeps.end',
    'UPDATE sweeps SET ended_at = ? WHERE id = ?',
    [at, id],
    'these answers were removed',
  );
}

/** With its answers. */
export function deleteSweep(db: WritableDatabase, id: string): void {
  db.change('sweeps.delete', 'DELETE FROM sweeps WHERE id = ?', [id], 'these answers were removed already');
}

export const keptAnswerSql = `SELECT class_name AS className FROM predictions
  WHERE sweep_id = ? AND path = ? AND size_bytes IS ? AND modified_at IS ?`;

/** Whether this state of the file was answered; undefined: it was not. */
export function keptAnswer(
  db: ReadableDatabase,
  sweepId: string,
  file: { path: string; sizeBytes: number | null; modifiedAt: number | null },
): { failed: boolean } | undefined {
  const row = db.get<{ className: string | null }>('sweeps.kept', keptAnswerSql, [
    sweepId,
    file.path,
    file.sizeBytes,
    file.modifiedAt,
  ]);
  return row && { failed: row.className === null };
}

/** A file of answers as it was when it was last written. */
export interface SweepOutput {
  sweepId: string;
  path: string;
  /** The last prediction in it. */
  writtenId: number;
  sizeBytes: number;
  /** Its last characters. */
  tail: string;
}

export function getSweepOutput(db: ReadableDatabase, sweepId: string, path: string): SweepOutput | undefined {
  return db.get<SweepOutput>(
    'sweepOutputs.get',
    `SELECT sweep_id AS sweepId, path, written_id AS writtenId, size_bytes AS sizeBytes, tail FROM sweep_outputs
     WHERE sweep_id = ? AND path = ?`,
    [sweepId, path],
  );
}

export function listSweepOutputs(db: ReadableDatabase, sweepId: string): string[] {
  return db
    .all<{ path: string }>('sweepOutputs.list', 'SELECT path FROM sweep_outputs WHERE sweep_id = ?', [
      sweepId,
    ])
    .map(({ path }) => path);
}

export function setSweepOutput(db: WritableDatabase, output: SweepOutput): void {
  db.insert(
    'sweepOutputs.set',
    'INSERT OR REPLACE INTO sweep_outputs (sweep_id, path, written_id, size_bytes, tail) VALUES (?, ?, ?, ?, ?)',
    [output.sweepId, output.path, output.writtenId, output.sizeBytes, output.tail],
  );
}
