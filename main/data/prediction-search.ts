// Past answers by class, probability, model, time and folder: a million of them, each filter through an index.
import type { StoredPrediction } from '../api/predictions.ts';
import type { ReadableDatabase, SqlValue } from './database.ts';
import { type PredictionRow, predictionColumns, toPrediction } from './predictions.ts';

export interface PredictionFilter {
  /** The most probable class is this. */
  className?: string;
  /** Of the most probable class, 0..1. */
  least?: number;
  most?: number;
  model?: string;
  /** Ms UTC. */
  from?: number;
  to?: number;
  /** Absolute: files in it and below it. */
  folder?: string;
}

/** By time, the newest first; by probability, the most probable first; by margin, the least sure first. */
export type PredictionOrder = 'newest' | 'sure' | 'unsure';

const orders: Readonly<Record<PredictionOrder, string>> = {
  newest: 'created_at DESC, id DESC',
  sure: 'probability DESC, id',
  unsure: 'margin, id',
};

/** Nobody scrolls further; counting further would take long. */
export const mostFound = 100_000;

type Parameters = Record<string, SqlValue>;

function conditions(filter: PredictionFilter): { where: string; parameters: Parameters } {
  const parts = ['class_name IS NOT NULL'];
  const parameters: Parameters = {};
  const add = (name: string, part: string, value: SqlValue | undefined) => {
    if (value === undefined) return;
    parts.push(part);
    parameters[name] = value;
  };
  add('className', 'class_name = @className', filter.className);
  add('least', 'probability >= @least', filter.least);
  add('most', 'probability <= @most', filter.most);
  add('model', 'model = @model', filter.model);
  add('from', 'created_at >= @from', filter.from);
  add('to', 'created_at <= @to', filter.to);
  if (filter.folder !== undefined) {
    const folder = filter.folder.replace(/\/+$/, '');
    // Everything that begins with the folder and a slash: the next character after '/' is '0'.
    parts.push('path >= @begin AND path < @end');
    parameters.begin = `${folder}/`;
    parameters.end = `${folder}0`;
  }
  // What is known to be there needs no test of its own, which would keep an index from being used.
  if (filter.className !== undefined) parts.shift();
  return { where: parts.join(' AND '), parameters };
}

export function searchSql(filter: PredictionFilter, order: PredictionOrder): string {
  const { where } = conditions(filter);
  return `SELECT ${predictionColumns} FROM predictions WHERE ${where} ORDER BY ${orders[order]} LIMIT @limit OFFSET @offset`;
}

/** `total` stops at mostFound. */
export function searchPredictions(
  db: ReadableDatabase,
  filter: PredictionFilter,
  order: PredictionOrder,
  page: { offset: number; limit: number },
): { total: number; predictions: StoredPrediction[] } {
  const { where, parameters } = conditions(filter);
  const counted = db.get<{ n: number }>(
    'predictions.countFound',
    `SELECT count(*) AS n FROM (SELECT 1 FROM predictions WHERE ${where} LIMIT ${mostFound})`,
    parameters,
  );
  const rows = db.all<PredictionRow>('predictions.search', searchSql(filter, order), {
    ...parameters,
    ...page,
  });
  return { total: counted?.n ?? 0, predictions: rows.map(toPrediction) };
}

/** Jumps from one value to the next: as many steps as there are values. */
export function distinctSql(column: 'class_name' | 'model'): string {
  return `WITH RECURSIVE known(value) AS (
    SELECT min(${column}) FROM predictions
    UNION ALL
    SELECT (SELECT min(${column}) FROM predictions WHERE ${column} > value) FROM known WHERE value IS NOT NULL
  ) SELECT value FROM known WHERE value IS NOT NULL`;
}

/** Every class that was ever answered, and every model that answered, by name. */
export function predictionFacets(db: ReadableDatabase): { classes: string[]; models: string[] } {
  const values = (column: 'class_name' | 'model') =>
    db.all<{ value: string }>(`predictions.${column}`, distinctSql(column)).map(({ value }) => value);
  return { classes: values('class_name'), models: values('model') };
}
