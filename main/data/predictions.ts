// Table predictions: the history of classified photos.
import { answersSchema, type StoredPrediction } from '../api/predictions.ts';
import type { ReadableDatabase, WritableDatabase } from './database.ts';
import { fromJson } from './json.ts';

export type NewPrediction = Omit<StoredPrediction, 'id'>;

/** One transaction. */
export function insertPredictions(db: WritableDatabase, predictions: Iterable<NewPrediction>): void {
  db.transaction(() => {
    for (const one of predictions) {
      db.insert(
        'predictions.insert',
        `INSERT INTO predictions (path, model, run_id, model_id, checkpoint_step, crops, answers, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        [
          one.path,
          one.model,
          one.runId,
          one.modelId,
          one.checkpointStep,
          one.crops,
          JSON.stringify(one.answers),
          one.createdAt,
        ],
      );
    }
  });
}

export const predictionPageSql = `SELECT id, path, model, run_id AS runId, model_id AS modelId,
    checkpoint_step AS checkpointStep, crops, answers, created_at AS createdAt
  FROM predictions WHERE (created_at, id) < (@createdAt, @id) ORDER BY created_at DESC, id DESC LIMIT @limit`;

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
  const rows = db.all<Omit<StoredPrediction, 'answers'> & { answers: string }>(
    'predictions.page',
    predictionPageSql,
    { createdAt: before?.createdAt ?? Number.MAX_SAFE_INTEGER, id: before?.id ?? 0, limit },
  );
  return rows.map((row) => ({
    ...row,
    answers: fromJson(answersSchema, row.answers, 'predictions.answers'),
  }));
}

/** Forgets everything before a time; returns how many went. */
export function deletePredictionsBefore(db: WritableDatabase, createdAt: number): number {
  return db.run('predictions.deleteBefore', 'DELETE FROM predictions WHERE created_at < ?', [createdAt]);
}
