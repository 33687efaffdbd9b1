// Table predictions: the history of classified photos.
import { answersSchema, type StoredPrediction } from '../api/predictions.ts';
import type { ReadableDatabase, WritableDatabase } from './database.ts';
import { fromJson } from './json.ts';

export type NewPrediction = Omit<StoredPrediction, 'id'> & {
  /** The photo and the job that it belongs to. */
  photoId?: string;
  jobId?: string;
};

/** One transaction. */
export function insertPredictions(db: WritableDatabase, predictions: Iterable<NewPrediction>): void {
  db.transaction(() => {
    for (const one of predictions) {
      db.insert(
        'predictions.insert',
        `INSERT INTO predictions (path, model, run_id, model_id, checkpoint_step, crops, answers, created_at, photo_id,
           job_id)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
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
          one.jobId ?? null,
        ],
      );
    }
  });
}

const columns = `id, path, model, run_id AS runId, model_id AS modelId, checkpoint_step AS checkpointStep, crops,
  answers, created_at AS createdAt`;

type Row = Omit<StoredPrediction, 'answers'> & { answers: string };

function toPrediction(row: Row): StoredPrediction {
  return { ...row, answers: fromJson(answersSchema, row.answers, 'predictions.answers') };
}

export const predictionPageSql = `SELECT ${columns} FROM predictions WHERE (created_at, id) < (@createdAt, @id) ORDER BY created_at DESC, id DESC LIMIT @limit`;

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
  const rows = db.all<Row>('predictions.page', predictionPageSql, {
    createdAt: before?.createdAt ?? Number.MAX_SAFE_INTEGER,
    id: before?.id ?? 0,
    limit,
  });
  return rows.map(toPrediction);
}

export const historySql = `SELECT ${columns} FROM predictions ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?`;

/** Everything that was answered, newest first. */
export function pageHistory(
  db: ReadableDatabase,
  page: { offset: number; limit: number },
): { total: number; predictions: StoredPrediction[] } {
  const total = db.get<{ n: number }>('predictions.count', 'SELECT count(*) AS n FROM predictions')?.n ?? 0;
  const rows = db.all<Row>('predictions.history', historySql, [page.limit, page.offset]);
  return { total, predictions: rows.map(toPrediction) };
}

export const jobPredictionsSql = `SELECT ${columns} FROM predictions
  WHERE job_id = @jobId AND (@search = '' OR instr(lower(path || answers), @search) > 0)
  ORDER BY id LIMIT @limit OFFSET @offset`;

export interface JobPredictions {
  jobId: string;
  /** In paths and answers. */
  search: string;
  offset: number;
  limit: number;
}

/** A job's, in the order of its files. */
export function pageJobPredictions(
  db: ReadableDatabase,
  request: JobPredictions,
): { total: number; failed: number; predictions: StoredPrediction[] } {
  const { jobId, offset, limit } = request;
  const filter = { jobId, search: request.search.toLowerCase() };
  const counts = db.get<{ n: number; failed: number }>(
    'predictions.countOfJob',
    `SELECT count(*) AS n, count(*) FILTER (WHERE answers LIKE '{%') AS failed FROM predictions
     WHERE job_id = @jobId AND (@search = '' OR instr(lower(path || answers), @search) > 0)`,
    filter,
  );
  const rows = db.all<Row>('predictions.ofJob', jobPredictionsSql, { ...filter, offset, limit });
  return { total: counts?.n ?? 0, failed: counts?.failed ?? 0, predictions: rows.map(toPrediction) };
}

export function getPrediction(db: ReadableDatabase, id: number): StoredPrediction | undefined {
  const row = db.get<Row>('predictions.get', `SELECT ${columns} FROM predictions WHERE id = ?`, [id]);
  return row && toPrediction(row);
}
/** Forgets everything before a time; returns how many went. */
export function deletePredictionsBefore(db: WritableDatabase, createdAt: number): number {
  return db.run('predictions.deleteBefore', 'DELETE FROM predictions WHERE created_at < ?', [createdAt]);
}
