// Tables metrics and validations: what a run measured, and its curves thinned for the screen.

import { AppError } from '../api/errors.ts';
import { finiteOrNull } from '../api/numbers.ts';
import type { Curve, CurvePoint, Metric, Validation } from '../api/runs.ts';
import type {
  AppliedCommand,
  Notice,
  StepRecord,
  TrainingRecord,
  ValidationRecord,
} from '../api/training.ts';
import type { ReadableDatabase, WritableDatabase } from './database.ts';
import { insertEvent } from './events.ts';

// A resumed run makes some steps again: the row is replaced, not doubled.
const insertStepSql = `INSERT OR REPLACE INTO metrics (run_id, step, epoch, images, loss, top1_error, top5_error,
  learning_rate, elapsed_ms, data_wait_ms, exchange_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

function insertStep(db: WritableDatabase, runId: string, record: StepRecord): void {
  db.insert('metrics.insert', insertStepSql, [
    runId,
    record.step,
    record.epoch,
    record.images,
    finiteOrNull(record.loss),
    record.top1Error,
    record.top5Error,
    record.learningRate,
    record.elapsedMs,
    record.dataWaitMs,
    record.exchangeMs,
  ]);
}

const insertValidationSql = `INSERT OR REPLACE INTO validations (run_id, epoch, step, images, loss, top1_error,
  top5_error, train_loss, train_top1_error, elapsed_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

function insertValidation(db: WritableDatabase, runId: string, record: ValidationRecord): void {
  db.insert('validations.insert', insertValidationSql, [
    runId,
    record.epoch,
    record.step,
    record.images,
    finiteOrNull(record.loss),
    record.top1Error,
    record.top5Error,
    finiteOrNull(record.trainLoss),
    record.trainTop1Error,
    record.elapsedMs,
  ]);
}

/** The run's own row follows what is stored of it. */
function follow(db: WritableDatabase, runId: string): void {
  db.change(
    'runs.follow',
    `UPDATE runs SET (step, epoch, loss) =
         (SELECT step, epoch, loss FROM metrics WHERE run_id = runs.id ORDER BY step DESC LIMIT 1)
     WHERE id = ?`,
    [runId],
    `run ${runId} does not exist any more`,
  );
}

function followBest(db: WritableDatabase, runId: string): void {
  db.change(
    'runs.followBest',
    `UPDATE runs SET (best_top1_error, best_epoch) =
         (SELECT top1_error, epoch FROM validations WHERE run_id = runs.id ORDER BY top1_error, epoch LIMIT 1)
     WHERE id = ?`,
    [runId],
    `run ${runId} does not exist any more`,
  );
}

/**
 * Stores a batch of what training told, in one transaction: steps, validations, commands (as events), and the
 * run's step, epoch, loss and best error. What is there already is not doubled: steps and validations are
 * replaced, for a run that was resumed and steered otherwise makes them with other values; commands stay. Only
 * when it has returned may the batch be told on.
 */
export function storeTraining(
  db: WritableDatabase,
  runId: string,
  records: readonly TrainingRecord[],
  at: number,
): void {
  if (records.length === 0) return;
  db.transaction(() => {
    for (const record of records) {
      if (record.kind === 'step') insertStep(db, runId, record);
      else if (record.kind === 'validation') insertValidation(db, runId, record);
      else if (!isLogged(db, runId, record))
        insertEvent(db, runId, { step: record.step, kind: record.kind, payload: { ...record }, at });
    }
    if (records.some((record) => record.kind === 'step')) follow(db, runId);
    if (records.some((record) => record.kind === 'validation')) followBest(db, runId);
  });
}

export const knownSteeredSql = `SELECT 1 FROM events
  WHERE run_id = ? AND step = ? AND kind = 'command' AND payload ->> 'sequence' = ?`;
const knownNoticeSql = `SELECT 1 FROM events
  WHERE run_id = ? AND step = ? AND kind = 'notice' AND payload ->> 'message' = ?`;
const knownScheduledSql = `SELECT 1 FROM events WHERE run_id = ? AND step = ? AND kind = 'command'
  AND payload ->> 'steered' = 0 AND payload ->> 'command' = ? AND payload ->> 'layer' IS ? AND payload ->> 'value' IS ?`;

/** People's commands are numbered over the whole run; what the schedule does, and a device says, happens once at a step. */
function isLogged(db: ReadableDatabase, runId: string, record: AppliedCommand | Notice): boolean {
  if (record.kind === 'notice') {
    const { step, message } = record;
    return db.get('events.knownNotice', knownNoticeSql, [runId, step, message]) !== undefined;
  }
  const command = record;
  const { step, steered, sequence } = command;
  if (steered) return db.get('events.knownSteered', knownSteeredSql, [runId, step, sequence]) !== undefined;
  const what = [command.command, command.layer ?? null, command.value ?? null];
  return db.get('events.knownScheduled', knownScheduledSql, [runId, step, ...what]) !== undefined;
}

const metricColumns = `step, epoch, images, loss, top1_error AS top1Error, top5_error AS top5Error,
  learning_rate AS learningRate, elapsed_ms AS elapsedMs, data_wait_ms AS dataWaitMs, exchange_ms AS exchangeMs`;

export const metricPageSql = `SELECT ${metricColumns} FROM metrics
  WHERE run_id = ? AND step > ? ORDER BY step LIMIT ?`;

/** Every step, in order, page by page. */
export function listMetrics(db: ReadableDatabase, runId: string, afterStep = 0, limit = 10_000): Metric[] {
  return db.all<Metric>('metrics.page', metricPageSql, [runId, afterStep, limit]);
}

export const lastMetricSql = `SELECT ${metricColumns} FROM metrics WHERE run_id = ? ORDER BY step DESC LIMIT 1`;

export function lastMetric(db: ReadableDatabase, runId: string): Metric | undefined {
  return db.get<Metric>('metrics.last', lastMetricSql, [runId]);
}

/** Of all steps. */
export function trainingTotals(db: ReadableDatabase, runId: string): { elapsedMs: number; images: number } {
  const sql = 'SELECT total(elapsed_ms) AS elapsedMs, total(images) AS images FROM metrics WHERE run_id = ?';
  return db.get('metrics.totals', sql, [runId]) ?? { elapsedMs: 0, images: 0 };
}

const validationColumns = `epoch, step, images, loss, top1_error AS top1Error, top5_error AS top5Error,
  train_loss AS trainLoss, train_top1_error AS trainTop1Error, elapsed_ms AS elapsedMs`;

export const validationsSql = `SELECT ${validationColumns} FROM validations WHERE run_id = ? ORDER BY epoch`;

export function listValidations(db: ReadableDatabase, runId: string): Validation[] {
  return db.all<Validation>('validations.list', validationsSql, [runId]);
}

// Numbers are bound as doubles, so the division is not whole by itself.
export const curveSql = `SELECT min(step) AS firstStep, max(step) AS lastStep,
    avg(loss) AS loss, avg(top1_error) AS top1Error, avg(top5_error) AS top5Error,
    min(loss) AS minLoss, max(loss) AS maxLoss, sum(images) AS images, sum(elapsed_ms) AS elapsedMs,
    sum(data_wait_ms) AS dataWaitMs, sum(exchange_ms) AS exchangeMs
  FROM metrics WHERE run_id = @runId AND step BETWEEN @from AND @to
  GROUP BY CAST((step - @from) / @width AS INTEGER) ORDER BY 1`;

const rateSql = 'SELECT learning_rate AS learningRate FROM metrics WHERE run_id = ? AND step = ?';

export interface CurveRequest {
  /** At most this many points. */
  points: number;
  fromStep?: number;
  toStep?: number;
}

type CurveRow = Omit<CurvePoint, 'learningRate' | 'imagesPerSecond' | 'dataWaitShare' | 'exchangeShare'> & {
  images: number;
  elapsedMs: number;
  dataWaitMs: number;
  exchangeMs: number;
};

/** A run's curves, at most `points` points of equally many steps, with every validation and the best. */
export function readCurve(db: ReadableDatabase, runId: string, request: CurveRequest): Curve {
  if (!Number.isInteger(request.points) || request.points < 1) {
    throw new AppError('INVALID_ARGUMENT', 'a curve has at least one point', { points: request.points });
  }
  const from = Math.max(1, request.fromStep ?? 1);
  const to = Math.min(request.toStep ?? Number.MAX_SAFE_INTEGER, lastMetric(db, runId)?.step ?? 0);
  const width = Math.max(1, Math.ceil((to - from + 1) / request.points));
  const rows = to < from ? [] : db.all<CurveRow>('metrics.curve', curveSql, { runId, from, to, width });
  const points = rows.map(({ images, elapsedMs, dataWaitMs, exchangeMs, ...row }) => ({
    ...row,
    learningRate:
      db.get<{ learningRate: number }>('metrics.rate', rateSql, [runId, row.lastStep])?.learningRate ?? 0,
    imagesPerSecond: elapsedMs > 0 ? (images / elapsedMs) * 1000 : 0,
    dataWaitShare: elapsedMs > 0 ? dataWaitMs / elapsedMs : 0,
    exchangeShare: elapsedMs > 0 ? exchangeMs / elapsedMs : 0,
  }));
  const validations = listValidations(db, runId);
  const best = validations.reduce<Validation | null>(
    (found, one) => (found === null || one.top1Error < found.top1Error ? one : found),
    null,
  );
  return { points, validations, best };
}
