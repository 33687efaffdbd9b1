// Table evaluations.
import type { Evaluation, EvaluationDetail, EvaluationSummary } from '../api/evaluation.ts';
import { evaluationSummarySchema } from '../api/evaluation.ts';
import { finiteOrNull, storedNumber } from '../api/numbers.ts';
import type { ReadableDatabase, WritableDatabase } from './database.ts';
import { fromJson } from './json.ts';

/** Everything but the summary, which holds a row an image and lies in a table of its own. */
const listColumns = `id, run_id AS runId, model_id AS modelId, checkpoint_step AS checkpointStep,
  dataset_id AS datasetId, dataset_name AS datasetName, split, crops, images, loss,
  top1_error AS top1Error, top5_error AS top5Error, elapsed_ms AS elapsedMs, created_at AS createdAt`;

export type NewEvaluation = Omit<Evaluation, 'images' | 'loss' | 'top1Error' | 'top5Error'> & {
  summary: EvaluationSummary;
};

export function insertEvaluation(db: WritableDatabase, evaluation: NewEvaluation): void {
  const { summary } = evaluation;
  db.transaction(() => {
    db.insert(
      'evaluations.insert',
      `INSERT INTO evaluations (id, run_id, model_id, checkpoint_step, dataset_id, dataset_name, split, crops,
         images, loss, top1_error, top5_error, elapsed_ms, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
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
        evaluation.elapsedMs,
        evaluation.createdAt,
      ],
    );
    db.insert(
      'evaluations.insertSummary',
      'INSERT INTO evaluation_summaries (evaluation_id, summary) VALUES (?, ?)',
      [evaluation.id, JSON.stringify(summary)],
    );
  });
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

/** Which to list; what is not given does not count. */
export interface EvaluationFilter {
  runId?: string | undefined;
  modelId?: string | undefined;
  datasetId?: string | undefined;
}

const filterSql = `(@runId IS NULL OR run_id = @runId) AND (@modelId IS NULL OR model_id = @modelId)
  AND (@datasetId IS NULL OR dataset_id = @datasetId)`;

export const evaluationPageSql = `SELECT ${listColumns} FROM evaluations WHERE ${filterSql}
  ORDER BY created_at DESC, id DESC LIMIT @limit OFFSET @offset`;

/** Newest first. */
export function pageEvaluations(
  db: ReadableDatabase,
  filter: EvaluationFilter,
  page: { offset: number; limit: number },
): { total: number; evaluations: Evaluation[] } {
  const values = {
    runId: filter.runId ?? null,
    modelId: filter.modelId ?? null,
    datasetId: filter.datasetId ?? null,
  };
  const count = `SELECT count(*) AS n FROM evaluations WHERE ${filterSql}`;
  return {
    total: db.get<{ n: number }>('evaluations.count', count, values)?.n ?? 0,
    evaluations: db.all<Evaluation>('evaluations.page', evaluationPageSql, { ...values, ...page }),
  };
}

/** Without its summary. */
export function findEvaluation(db: ReadableDatabase, id: string): Evaluation | undefined {
  return db.get<Evaluation>('evaluations.find', `SELECT ${listColumns} FROM evaluations WHERE id = ?`, [id]);
}

/** How many evaluations a run has. */
export function countEvaluationsOfRun(db: ReadableDatabase, runId: string): number {
  const sql = 'SELECT count(*) AS n FROM evaluations WHERE run_id = ?';
  return db.get<{ n: number }>('evaluations.countOfRun', sql, [runId])?.n ?? 0;
}

// JSON has no NaN: a loss that is not finite was stored as null.
const storedSummary = evaluationSummarySchema.extend({
  loss: storedNumber.transform((loss) => loss ?? Number.NaN),
});

export function getEvaluation(db: ReadableDatabase, id: string): EvaluationDetail | undefined {
  const row = db.get<Evaluation & { summary: string }>(
    'evaluations.get',
    `SELECT ${listColumns}, summary FROM evaluations JOIN evaluation_summaries ON evaluation_id = id WHERE id = ?`,
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
