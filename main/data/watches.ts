// Table watched_folders: sweeps that go on by themselves while the application runs.
import type { ReadableDatabase, WritableDatabase } from './database.ts';

export interface StoredWatch {
  id: string;
  sweepId: string;
  active: boolean;
  createdAt: number;
}

type Row = Omit<StoredWatch, 'active'> & { active: number };

const columns = 'id, sweep_id AS sweepId, active, created_at AS createdAt';

export function insertWatch(db: WritableDatabase, watch: StoredWatch): void {
  db.insert(
    'watches.insert',
    'INSERT INTO watched_folders (id, sweep_id, active, created_at) VALUES (?, ?, ?, ?)',
    [watch.id, watch.sweepId, Number(watch.active), watch.createdAt],
  );
}

/** In the order in which they were added. */
export function listWatches(db: ReadableDatabase): StoredWatch[] {
  return db
    .all<Row>('watches.list', `SELECT ${columns} FROM watched_folders ORDER BY created_at, id`)
    .map((row) => ({ ...row, active: row.active !== 0 }));
}

export function setWatchActive(db: WritableDatabase, id: string, active: boolean): void {
  db.change(
    'watches.setActive',
    'UPDATE watched_folders SET active = ? WHERE id = ?',
    [Number(active), id],
    'this folder is not watched any more',
  );
}

/** Its answers stay. */
export function deleteWatch(db: WritableDatabase, id: string): void {
  db.change(
    'watches.delete',
    'DELETE FROM watched_folders WHERE id = ?',
    [id],
    'this folder is not watched any more',
  );
}
