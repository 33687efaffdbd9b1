// Table evaluations.
import type { Evaluation, EvaluationDetail, EvaluationSummary } from '../api/evaluation.ts';
import { evaluationSummarySchema } from '../api/evaluation.ts';
import { finiteOrNull, storedNumber } from '../api/numbers.ts';
import type { ReadableDatabase, WritableDatabase } from './database.ts';
import { fromJson } from './json.ts';

/** Everything but the summary, which holds a row an image. */
const listColumns = `id, run_id AS runId, model_id AS modelId, checkpoint_step AS checkpointStep,
  dataset_id AS datasetId, dataset_name AS datasetName, split, crops, images, loss,
  top1_error AS top1Error, top5_error AS top5Error, elapsed_ms AS elapsedMs, created_at AS createdAt`;

export type NewEvaluation = Omit<Evaluation, 'images' | 'loss' | 'top1Error' | 'top5Error'> & {
  summary: EvaluationSummary;
};

export function insertEvaluation(db: WritableDatabase, evaluation: NewEvaluation): void {
  const { summary } = evaluation;
  db.insert(
    'evaluations.insert',
    `INSERT INTO evaluations (id, run_id, model_id, checkpoint_step, dataset_id, dataset_name, split, crops, images,
       loss, top1_error, top5_error, summary, elapsed_ms, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      evaluation.id,
      evaluation.runId,
      evaluation.modelId,
      evaluation.checkpointStep,
      evaluation.datasetId,
      evaluation.datasetName,
      evaluation.split,
      evaluation.crops,
      summary.images,
      finiteOrNull(summary.loss),
      summary.top1Error,
      summary.top5Error,
      JSON.stringify(summary),
      evaluation.elapsedMs,
      evaluation.createdAt,
    ],
  );
}

export const evaluationsOfRunSql = `SELECT ${listColumns} FROM evaluations WHERE run_id = ? ORDER BY created_at`;
export const evaluationsOfModelSql = `SELECT ${listColumns} FROM evaluations WHERE model_id = ? ORDER BY created_at`;

/** Oldest first. */
export function listEvaluationsOfRun(db: ReadableDatabase, runId: string): Evaluation[] {
  return db.all<Evaluation>('evaluations.ofRun', evaluationsOfRunSql, [runId]);
}

/** Oldest first. */
export function listEvaluationsOfModel(db: ReadableDatabase, modelId: string): Evaluation[] {
  return db.all<Evaluation>('evaluations.ofModel', evaluationsOfModelSql, [modelId]);
}

// JSON has no NaN: a loss that is not finite was stored as null.
const storedSummary = evaluationSummarySchema.extend({
  loss: storedNumber.transform((loss) => loss ?? Number.NaN),
});

export function getEvaluation(db: ReadableDatabase, id: string): EvaluationDetail | undefined {
  const row = db.get<Evaluation & { summary: string }>(
    'evaluations.get',
    `SELECT ${listColumns}, summary FROM evaluations WHERE id = ?`,
    [id],
  );
  return row && { ...row, summary: fromJson(storedSummary, row.summary, 'evaluations.summary') };
}

export function deleteEvaluation(db: WritableDatabase, id: string): void {
  db.change(
    'evaluations.delete',
    'DELETE FROM evaluations WHERE id = ?',
    [id],
    `evaluation ${id} does not exist any more`,
  );
}
