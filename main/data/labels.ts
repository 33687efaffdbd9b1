// Table labels: what the user says photos are, and the unsure answers that wait to be labelled.
import type { StoredPrediction } from '../api/predictions.ts';
import type { ReadableDatabase, WritableDatabase } from './database.ts';
import { type PredictionRow, predictionColumns, toPrediction } from './predictions.ts';

export type UnsureOrder = 'margin' | 'entropy';

export interface Label {
  path: string;
  className: string | null;
  predictionId: number | null;
  labelledAt: number;
}

/** Replaces what was said before. `className` null: passed over. */
export function setLabel(db: WritableDatabase, label: Label): void {
  db.insert(
    'labels.set',
    `INSERT INTO labels (path, class_name, prediction_id, labelled_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (path) DO UPDATE SET class_name = excluded.class_name, prediction_id = excluded.prediction_id,
       labelled_at = excluded.labelled_at`,
    [label.path, label.className, label.predictionId, label.labelledAt],
  );
}

/** Returns whether there was one. */
export function removeLabel(db: WritableDatabase, path: string): boolean {
  return db.run('labels.remove', 'DELETE FROM labels WHERE path = ?', [path]) === 1;
}

/** Those passed over come again. */
export function removeSkips(db: WritableDatabase): number {
  return db.run('labels.removeSkips', 'DELETE FROM labels WHERE class_name IS NULL');
}

const orders: Readonly<Record<UnsureOrder, string>> = { margin: 'margin, id', entropy: 'entropy DESC, id' };

export function unsureSql(order: UnsureOrder): string {
  const index = `predictions_of_sweep_by_${order}`;
  return `SELECT ${predictionColumns} FROM predictions INDEXED BY ${index}
    WHERE sweep_id = ? AND class_name IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM labels WHERE labels.path = predictions.path)
    ORDER BY ${orders[order]} LIMIT ?`;
}

/** The least sure answers of a sweep whose photos have no label and were not passed over. */
export function listUnsure(
  db: ReadableDatabase,
  sweepId: string,
  order: UnsureOrder,
  limit: number,
): StoredPrediction[] {
  return db.all<PredictionRow>('labels.unsure', unsureSql(order), [sweepId, limit]).map(toPrediction);
}

export interface LabelCounts {
  /** With a class, by its name. */
  classes: { name: string; count: number }[];
  skipped: number;
}

export function countLabels(db: ReadableDatabase): LabelCounts {
  const rows = db.all<{ name: string | null; count: number }>(
    'labels.count',
    'SELECT class_name AS name, count(*) AS count FROM labels GROUP BY class_name ORDER BY class_name',
  );
  const classes = rows.flatMap(({ name, count }) => (name === null ? [] : [{ name, count }]));
  return { classes, skipped: rows.find(({ name }) => name === null)?.count ?? 0 };
}

export const labelPageSql = `SELECT path, class_name AS className FROM labels
  WHERE class_name IS NOT NULL AND (class_name, path) > (?, ?) ORDER BY class_name, path LIMIT ?`;

/** Every label, by class and path, read page by page. */
export function* eachLabel(db: ReadableDatabase): Generator<{ path: string; className: string }> {
  const limit = 1000;
  let last = { className: '', path: '' };
  while (true) {
    const page = db.all<{ path: string; className: string }>('labels.page', labelPageSql, [
      last.className,
      last.path,
      limit,
    ]);
    yield* page;
    if (page.length < limit) return;
    last = page.at(-1) ?? last;
  }
}
