// Table predictions: the history of classified photos.
import { answersSchema, type StoredPrediction } from '../api/predictions.ts';
import type { ReadableDatabase, WritableDatabase } from './database.ts';
import { fromJson } from './json.ts';

export type NewPrediction = Omit<StoredPrediction, 'id'> & {
  photoId?: string;
  /** Of all classes, in nats. */
  entropy?: number;
  /** The sweep that it is part of, and which state of the file was read. */
  sweep?: { id: string; sizeBytes: number | null; modifiedAt: number | null };
};

/**
 * One transaction. In a sweep a file has one answer: that of another state of the file is replaced, under a new id,
 * and that of the same state stays. Returns how many were stored.
 */
export function insertPredictions(db: WritableDatabase, predictions: Iterable<NewPrediction>): number {
  return db.transaction(() => {
    let stored = 0;
    for (const one of predictions) {
      const { sweep } = one;
      const [first, second] = Array.isArray(one.answers) ? one.answers : [];
      if (sweep !== undefined) {
        db.run(
          'predictions.replace',
          `DELETE FROM predictions WHERE sweep_id = ? AND path = ?
             AND NOT (size_bytes IS ? AND modified_at IS ?)`,
          [sweep.id, one.path, sweep.sizeBytes, sweep.modifiedAt],
        );
      }
      stored += db.run(
        'predictions.insert',
        `INSERT INTO predictions (path, model, run_id, model_id, checkpoint_step, crops, answers, created_at, photo_id,
           sweep_id, size_bytes, modified_at, class_name, probability, margin, entropy)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (sweep_id, path) WHERE sweep_id IS NOT NULL DO NOTHING`,
        [
          one.path,
          one.model,
          one.runId,
          one.modelId,
          one.checkpointStep,
          one.crops,
          JSON.stringify(one.answers),
          one.createdAt,
          one.photoId ?? null,
          sweep?.id ?? null,
          sweep?.sizeBytes ?? null,
          sweep?.modifiedAt ?? null,
          first?.name ?? null,
          first?.probability ?? null,
          first === undefined ? null : first.probability - (second?.probability ?? 0),
          one.entropy ?? null,
        ],
      );
    }
    return stored;
  });
}

export const predictionColumns = `id, path, model, run_id AS runId, model_id AS modelId, checkpoint_step AS checkpointStep, crops,
  answers, created_at AS createdAt`;

export type PredictionRow = Omit<StoredPrediction, 'answers'> & { answers: string };

export function toPrediction(row: PredictionRow): StoredPrediction {
  return { ...row, answers: fromJson(answersSchema, row.answers, 'predictions.answers') };
}

export const predictionPageSql = `SELECT ${predictionColumns} FROM predictions WHERE (created_at, id) < (@createdAt, @id) ORDER BY created_at DESC, id DESC LIMIT @limit`;

export interface PredictionPage {
  /** The last one of the page before. */
  before?: Pick<StoredPrediction, 'createdAt' | 'id'>;
  limit?: number;
}

/** Newest first. */
export function listPredictions(
  db: ReadableDatabase,
  { before, limit = 100 }: PredictionPage = {},
): StoredPrediction[] {
  const rows = db.all<PredictionRow>('predictions.page', predictionPageSql, {
    createdAt: before?.createdAt ?? Number.MAX_SAFE_INTEGER,
    id: before?.id ?? 0,
    limit,
  });
  return rows.map(toPrediction);
}

export const historySql = `SELECT ${predictionColumns} FROM predictions ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?`;

/** Everything that was answered, newest first. */
export function pageHistory(
  db: ReadableDatabase,
  page: { offset: number; limit: number },
): { total: number; predictions: StoredPrediction[] } {
  const total = db.get<{ n: number }>('predictions.count', 'SELECT count(*) AS n FROM predictions')?.n ?? 0;
  const rows = db.all<PredictionRow>('predictions.history', historySql, [page.limit, page.offset]);
  return { total, predictions: rows.map(toPrediction) };
}

export const sweepPredictionsSql = `SELECT ${predictionColumns} FROM predictions
  WHERE sweep_id = @sweepId AND (@search = '' OR instr(lower(path || answers), @search) > 0)
  ORDER BY id LIMIT @limit OFFSET @offset`;

export const sweepPredictionsAfterSql = `SELECT ${predictionColumns} FROM predictions WHERE sweep_id = ? AND id > ?
  ORDER BY id LIMIT ?`;

export interface SweepPredictions {
  sweepId: string;
  /** In paths and answers. */
  search: string;
  offset: number;
  limit: number;
}

/** A sweep's, in the order in which they came. */
export function pageSweepPredictions(
  db: ReadableDatabase,
  request: SweepPredictions,
): { total: number; failed: number; predictions: StoredPrediction[] } {
  const { sweepId, offset, limit } = request;
  const filter = { sweepId, search: request.search.toLowerCase() };
  const counts = db.get<{ n: number; failed: number }>(
    'predictions.countOfSweep',
    `SELECT count(*) AS n, count(*) FILTER (WHERE class_name IS NULL) AS failed FROM predictions
     WHERE sweep_id = @sweepId AND (@search = '' OR instr(lower(path || answers), @search) > 0)`,
    filter,
  );
  const rows = db.all<PredictionRow>('predictions.ofSweep', sweepPredictionsSql, {
    ...filter,
    offset,
    limit,
  });
  return { total: counts?.n ?? 0, failed: counts?.failed ?? 0, predictions: rows.map(toPrediction) };
}

/** A sweep's from the first id beyond `afterId` on. */
export function listSweepPredictions(
  db: ReadableDatabase,
  sweepId: string,
  afterId: number,
  limit: number,
): StoredPrediction[] {
  return db
    .all<PredictionRow>('predictions.ofSweepAfter', sweepPredictionsAfterSql, [sweepId, afterId, limit])
    .map(toPrediction);
}

export function getPrediction(db: ReadableDatabase, id: number): StoredPrediction | undefined {
  const row = db.get<PredictionRow>(
    'predictions.get',
    `SELECT ${predictionColumns} FROM predictions WHERE id = ?`,
    [id],
  );
  return row && toPrediction(row);
}

/** Forgets everything before a time; returns how many went. Files of a sweep's answers end there. */
export function deletePredictionsBefore(db: WritableDatabase, createdAt: number): number {
  return db.transaction(() => {
    db.run(
      'sweepOutputs.deleteBefore',
      `DELETE FROM sweep_outputs WHERE sweep_id IN
         (SELECT DISTINCT sweep_id FROM predictions WHERE created_at < ? AND sweep_id IS NOT NULL)`,
      [createdAt],
    );
    return db.run('predictions.deleteBefore', 'DELETE FROM predictions WHERE created_at < ?', [createdAt]);
  });
}
