// Tables evaluations, evaluation_summaries, evaluation_members.
import type {
  Evaluation,
  EvaluationDetail,
  EvaluationMember,
  EvaluationSummary,
  Interval,
} from '../api/evaluation.ts';
import { classNamesSchema } from '../api/evaluation.ts';
import { finiteOrNull } from '../api/numbers.ts';
import { storedSummarySchema } from '../api/old-evaluation.ts';
import type { ReadableDatabase, WritableDatabase } from './database.ts';
import { insertAnswers } from './evaluation-answers.ts';
import { fromJson } from './json.ts';
import { convertOldEvaluation } from './old-evaluations.ts';

/** Everything but the summary, which lies in a table of its own, as the answers to the images do. */
const listColumns = `id, run_id AS runId, model_id AS modelId, checkpoint_step AS checkpointStep, members,
  dataset_id AS datasetId, dataset_name AS datasetName, split, crops, images, loss,
  top1_error AS top1Error, top5_error AS top5Error, top1_from, top1_to, top5_from, top5_to, ties,
  elapsed_ms AS elapsedMs, created_at AS createdAt`;

type Ends = Record<'top1_from' | 'top1_to' | 'top5_from' | 'top5_to', number | null>;
type Row = Omit<Evaluation, 'top1Interval' | 'top5Interval'> & Ends;

function toEvaluation<T extends Row>({ top1_from, top1_to, top5_from, top5_to, ...row }: T) {
  const interval = (from: number | null, to: number | null): Interval | null =>
    from === null || to === null ? null : [from, to];
  return { ...row, top1Interval: interval(top1_from, top1_to), top5Interval: interval(top5_from, top5_to) };
}

export type NewEvaluation = Omit<Evaluation, keyof EvaluationSummary | 'members'> & {
  summary: EvaluationSummary;
  /** What was answered to the images: encodeBlocks(). */
  answers: Iterable<Uint8Array>;
  /** Class names in class order. */
  labels: readonly string[];
  /** Of an average: the models, at least two; their own evaluations are stored before. */
  members?: readonly EvaluationMember[];
};

export function insertEvaluation(db: WritableDatabase, evaluation: NewEvaluation): void {
  const { summary, labels, members = [] } = evaluation;
  db.transaction(() => {
    db.insert(
      'evaluations.insert',
      `INSERT INTO evaluations (id, run_id, model_id, checkpoint_step, members, dataset_id, dataset_name, split,
         crops, images, loss, top1_error, top5_error, top1_from, top1_to, top5_from, top5_to, ties, elapsed_ms,
         created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      [
        evaluation.id,
        evaluation.runId,
        evaluation.modelId,
        evaluation.checkpointStep,
        Math.max(1, members.length),
        evaluation.datasetId,
        evaluation.datasetName,
        evaluation.split,
        evaluation.crops,
        summary.images,
        finiteOrNull(summary.loss),
        summary.top1Error,
        summary.top5Error,
        ...(summary.top1Interval ?? [null, null]),
        ...(summary.top5Interval ?? [null, null]),
        evaluation.ties,
        evaluation.elapsedMs,
        evaluation.createdAt,
      ],
    );
    db.insert(
      'evaluations.insertSummary',
      'INSERT INTO evaluation_summaries (evaluation_id, summary, labels) VALUES (?, ?, ?)',
      [evaluation.id, JSON.stringify(summary), JSON.stringify(labels)],
    );
    insertAnswers(db, evaluation.id, evaluation.answers);
    members.forEach((member, place) => {
      db.insert(
        'evaluations.insertMember',
        `INSERT INTO evaluation_members (evaluation_id, place, name, run_id, model_id, checkpoint_step,
           own_evaluation_id, loss, top1_error, top5_error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        [
          evaluation.id,
          place,
          member.name,
          member.runId,
          member.modelId,
          member.checkpointStep,
          member.evaluationId,
          member.loss,
          member.top1Error,
          member.top5Error,
        ],
      );
    });
  });
}

export const evaluationsOfRunSql = `SELECT ${listColumns} FROM evaluations WHERE run_id = ? ORDER BY created_at`;
export const evaluationsOfModelSql = `SELECT ${listColumns} FROM evaluations WHERE model_id = ? ORDER BY created_at`;

/** Oldest first. */
export function listEvaluationsOfRun(db: ReadableDatabase, runId: string): Evaluation[] {
  return db.all<Row>('evaluations.ofRun', evaluationsOfRunSql, [runId]).map(toEvaluation);
}

/** Oldest first. */
export function listEvaluationsOfModel(db: ReadableDatabase, modelId: string): Evaluation[] {
  return db.all<Row>('evaluations.ofModel', evaluationsOfModelSql, [modelId]).map(toEvaluation);
}

/** Which to list; what is not given does not count. A run or model is found in averages, too. */
export interface EvaluationFilter {
  runId?: string | undefined;
  modelId?: string | undefined;
  datasetId?: string | undefined;
}

const within = (column: 'run_id' | 'model_id', value: string) =>
  `(${column} = ${value} OR id IN (SELECT evaluation_id FROM evaluation_members WHERE ${column} = ${value}))`;

function filterSql({ runId, modelId, datasetId }: EvaluationFilter): string {
  const conditions = [
    ...(runId === undefined ? [] : [within('run_id', '@runId')]),
    ...(modelId === undefined ? [] : [within('model_id', '@modelId')]),
    ...(datasetId === undefined ? [] : ['dataset_id = @datasetId']),
  ];
  return conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
}

export const evaluationPageSql = (filter: EvaluationFilter) => `SELECT ${listColumns} FROM evaluations
  ${filterSql(filter)} ORDER BY created_at DESC, id DESC LIMIT @limit OFFSET @offset`;

/** Newest first. */
export function pageEvaluations(
  db: ReadableDatabase,
  filter: EvaluationFilter,
  page: { offset: number; limit: number },
): { total: number; evaluations: Evaluation[] } {
  const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
  const count = `SELECT count(*) AS n FROM evaluations ${filterSql(filter)}`;
  return {
    total: db.get<{ n: number }>('evaluations.count', count, given)?.n ?? 0,
    evaluations: db
      .all<Row>('evaluations.page', evaluationPageSql(filter), { ...given, ...page })
      .map(toEvaluation),
  };
}

/** Without its summary. */
export function findEvaluation(db: ReadableDatabase, id: string): Evaluation | undefined {
  const row = db.get<Row>('evaluations.find', `SELECT ${listColumns} FROM evaluations WHERE id = ?`, [id]);
  return row && toEvaluation(row);
}

/** How many evaluations a run has. */
export function countEvaluationsOfRun(db: ReadableDatabase, runId: string): number {
  const sql = 'SELECT count(*) AS n FROM evaluations WHERE run_id = ?';
  return db.get<{ n: number }>('evaluations.countOfRun', sql, [runId])?.n ?? 0;
}

/** With the class names that were stored with it; older ones have none. */
export function getEvaluation(
  db: WritableDatabase,
  id: string,
): (EvaluationDetail & { labels: string[] | null }) | undefined {
  const row = db.get<Row & { summary: string; labels: string | null }>(
    'evaluations.get',
    `SELECT ${listColumns}, summary, labels FROM evaluations JOIN evaluation_summaries ON evaluation_id = id WHERE id = ?`,
    [id],
  );
  if (row === undefined) return undefined;
  const evaluation = toEvaluation(row);
  const stored = fromJson(storedSummarySchema, row.summary, 'evaluations.summary');
  return {
    ...evaluation,
    summary: 'top5' in stored ? convertOldEvaluation(db, evaluation, stored) : stored,
    labels: row.labels === null ? null : fromJson(classNamesSchema, row.labels, 'evaluations.labels'),
  };
}

/** The models of an average, in their order; none for any other evaluation. */
export function evaluationMembers(db: ReadableDatabase, id: string): EvaluationMember[] {
  return db.all<EvaluationMember>(
    'evaluations.members',
    `SELECT name, run_id AS runId, model_id AS modelId, checkpoint_step AS checkpointStep,
       own_evaluation_id AS evaluationId, loss, top1_error AS top1Error, top5_error AS top5Error
     FROM evaluation_members WHERE evaluation_id = ? ORDER BY place`,
    [id],
  );
}

export function deleteEvaluation(db: WritableDatabase, id: string): void {
  db.change(
    'evaluations.delete',
    'DELETE FROM evaluations WHERE id = ?',
    [id],
    `evaluation ${id} does not exist any more`,
  );
}
