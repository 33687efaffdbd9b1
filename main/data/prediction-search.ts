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

const orders: Readonly<Record<PredictionOrder, { by: string; column: string }>> = {
  newest: { by: 'created_at DESC, id DESC', column: 'created_at' },
  sure: { by: 'probability DESC, id', column: 'probability' },
  unsure: { by: 'margin, id', column: 'margin' },
};

/** Nobody scrolls further; counting further would take long. */
export const mostFound = 100_000;

type Parameters = Record<string, SqlValue>;

/** `index`: of which columns the index may be used; all by default. */
function conditions(
  filter: PredictionFilter,
  index: (column: string) => boolean = () => true,
): { where: string; parameters: Parameters } {
  const parts: string[] = [];
  const parameters: Parameters = {};
  // A plus before a column keeps its index from being used.
  const column = (name: string) => (index(name) ? name : `+${name}`);
  const add = (name: string, part: string, value: SqlValue | undefined) => {
    if (value === undefined) return;
    parts.push(part);
    parameters[name] = value;
  };
  add('className', 'class_name = @className', filter.className);
  add('least', `${column('probability')} >= @least`, filter.least);
  add('most', `${column('probability')} <= @most`, filter.most);
  add('model', `${column('model')} = @model`, filter.model);
  add('from', `${column('created_at')} >= @from`, filter.from);
  add('to', `${column('created_at')} <= @to`, filter.to);
  if (filter.folder !== undefined) {
    const folder = filter.folder.replace(/\/+$/, '');
    // Everything that begins with the folder and a slash: the next character after '/' is '0'.
    parts.push(`${column('path')} >= @begin AND ${column('path')} < @end`);
    parameters.begin = `${folder}/`;
    parameters.end = `${folder}0`;
  }
  return { where: parts.join(' AND '), parameters };
}

/** An answer that is an error has no class, no probability and no margin. */
function answered(where: string, column = 'class_name'): string {
  return where === '' ? `${column} IS NOT NULL` : `${where} AND ${column} IS NOT NULL`;
}

/** Whether an index has what fits in its order: a class's have them all. */
function comesOrdered(
  { className, least, most, model, from, to, folder }: PredictionFilter,
  order: PredictionOrder,
) {
  if (className !== undefined) return true;
  const others = {
    newest: [least, most, folder],
    sure: [model, from, to, folder],
    unsure: [least, most, model, from, to, folder],
  };
  return others[order].every((one) => one === undefined);
}

/**
 * The ids of a page first, by the columns of indexes as far as that goes, then these rows alone: their answers are most
 * of a row. `many`: so many fit that they are met soon in the order asked for; they are not looked up to be sorted. Few
 * are: walking all rows in their order to meet them takes longer.
 */
export function searchSql(filter: PredictionFilter, order: PredictionOrder, many = false): string {
  const { by, column } = orders[order];
  const ordered = (name: string) => name === column || (name === 'model' && order === 'newest');
  const { where } = conditions(filter, (name) => !many || ordered(name));
  const there = answered(where, order === 'newest' ? 'class_name' : column);
  const inner = many || comesOrdered(filter, order) ? by : `+${by}`;
  return `SELECT ${predictionColumns} FROM predictions WHERE id IN
    (SELECT id FROM predictions WHERE ${filter.className === undefined ? there : where} ORDER BY ${inner} LIMIT @limit OFFSET @offset)
    ORDER BY ${by}`;
}

/** `total` stops at mostFound. */
export function searchPredictions(
  db: ReadableDatabase,
  filter: PredictionFilter,
  order: PredictionOrder,
  page: { offset: number; limit: number },
): { total: number; predictions: StoredPrediction[] } {
  const { where, parameters } = conditions(filter);
  const fits = filter.className === undefined ? answered(where) : where;
  const counted = db.get<{ n: number }>(
    'predictions.countFound',
    `SELECT count(*) AS n FROM (SELECT 1 FROM predictions WHERE ${fits} LIMIT ${mostFound})`,
    parameters,
  );
  const total = counted?.n ?? 0;
  const sql = searchSql(filter, order, total === mostFound);
  const rows = db.all<PredictionRow>('predictions.search', sql, { ...parameters, ...page });
  return { total, predictions: rows.map(toPrediction) };
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
