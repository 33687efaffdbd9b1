// Tables sortings and sorted_files: where each photo of a sweep goes, and what became of it.
import {
  type SortedFile,
  type SortedFileState,
  type SortSettings,
  sortSettingsSchema,
} from '../api/operations/sorting.ts';
import type { ReadableDatabase, SqlValue, WritableDatabase } from './database.ts';
import { fromJson } from './json.ts';

export interface Sorting {
  id: string;
  sweepId: string;
  settings: SortSettings;
  createdAt: number;
  appliedAt: number | null;
}

/** What a row says whose photo gets another name. */
export const numberedNote = 'a file of its name is there already; it gets a number';

export type StoredFile = SortedFile & { modifiedAt: number | null };

const columns = 'id, sweep_id AS sweepId, settings, created_at AS createdAt, applied_at AS appliedAt';

export function insertSorting(db: WritableDatabase, sorting: Omit<Sorting, 'appliedAt'>): void {
  db.insert(
    'sortings.insert',
    'INSERT INTO sortings (id, sweep_id, settings, created_at) VALUES (?, ?, ?, ?)',
    [sorting.id, sorting.sweepId, JSON.stringify(sorting.settings), sorting.createdAt],
  );
}

export function getSorting(db: ReadableDatabase, id: string): Sorting | undefined {
  const row = db.get<Omit<Sorting, 'settings'> & { settings: string }>(
    'sortings.get',
    `SELECT ${columns} FROM sortings WHERE id = ?`,
    [id],
  );
  return row && { ...row, settings: fromJson(sortSettingsSchema, row.settings, 'sortings.settings') };
}

export function startSorting(db: WritableDatabase, id: string, at: number): void {
  db.change(
    'sortings.start',
    'UPDATE sortings SET applied_at = coalesce(applied_at, ?) WHERE id = ?',
    [at, id],
    'this plan was removed',
  );
}

/** Plans that were never applied: a new one takes their place. */
export function deletePlans(db: WritableDatabase, sweepId: string): void {
  db.run('sortings.deletePlans', 'DELETE FROM sortings WHERE sweep_id = ? AND applied_at IS NULL', [sweepId]);
}

export function insertSortedFiles(
  db: WritableDatabase,
  sortingId: string,
  files: readonly StoredFile[],
): void {
  db.transaction(() => {
    for (const file of files) {
      db.insert(
        'sortedFiles.insert',
        `INSERT INTO sorted_files (sorting_id, source, target, folder, size_bytes, modified_at, state, note)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        [
          sortingId,
          file.source,
          file.target,
          file.folder,
          file.sizeBytes,
          file.modifiedAt,
          file.state,
          file.note,
        ],
      );
    }
  });
}

/** Whether another photo of this sorting goes there. */
export function isTarget(db: ReadableDatabase, sortingId: string, target: string): boolean {
  const row = db.get('sortedFiles.target', 'SELECT 1 FROM sorted_files WHERE sorting_id = ? AND target = ?', [
    sortingId,
    target,
  ]);
  return row !== undefined;
}

/** What became of some files, at once. */
export function changeSortedFiles(
  db: WritableDatabase,
  sortingId: string,
  changes: readonly { source: string; state: SortedFileState; note: string }[],
): void {
  db.transaction(() => {
    for (const { source, state, note } of changes) {
      db.change(
        'sortedFiles.change',
        'UPDATE sorted_files SET state = ?, note = ? WHERE sorting_id = ? AND source = ?',
        [state, note, sortingId, source],
        'this plan was removed',
      );
    }
  });
}

/** What a row says where its photo was put back. */
export const putBackNote = 'it was put back';

/** Photos that were put back, and others with why they were not; of a sorting that did them. */
export function unsortFiles(
  db: WritableDatabase,
  sortingId: string,
  files: readonly { source: string; target: string; whyNot: string | undefined }[],
): void {
  db.transaction(() => {
    for (const { source, target, whyNot } of files) {
      const parameters = { sortingId, source, target, note: whyNot ?? putBackNote };
      const which = "sorting_id = @sortingId AND source = @source AND target = @target AND state = 'done'";
      if (whyNot === undefined) {
        const sql = `UPDATE sorted_files SET state = 'left', target = NULL, note = @note WHERE ${which}`;
        db.run('sortedFiles.putBack', sql, parameters);
      } else {
        db.run('sortedFiles.notPutBack', `UPDATE sorted_files SET note = @note WHERE ${which}`, parameters);
      }
    }
  });
}

const fileColumns = 'source, target, folder, size_bytes AS sizeBytes, modified_at AS modifiedAt, state, note';

export const sortedFilesOfStateSql = `SELECT ${fileColumns} FROM sorted_files
  WHERE sorting_id = ? AND state = ? ORDER BY source LIMIT ?`;

export function listSortedFiles(
  db: ReadableDatabase,
  sortingId: string,
  state: SortedFileState,
  limit: number,
): StoredFile[] {
  return db.all<StoredFile>('sortedFiles.ofState', sortedFilesOfStateSql, [sortingId, state, limit]);
}

export function pageSortedFiles(
  db: ReadableDatabase,
  request: { id: string; state?: SortedFileState; folder?: string; offset: number; limit: number },
): { total: number; files: StoredFile[] } {
  const parts = ['sorting_id = @id'];
  const parameters: Record<string, SqlValue> = { id: request.id };
  if (request.state !== undefined) {
    parts.push('state = @state');
    parameters.state = request.state;
  }
  if (request.folder !== undefined) {
    parts.push('folder = @folder');
    parameters.folder = request.folder;
  }
  const where = parts.join(' AND ');
  const count = db.get<{ n: number }>(
    'sortedFiles.count',
    `SELECT count(*) AS n FROM sorted_files WHERE ${where}`,
    parameters,
  );
  const { offset, limit } = request;
  const files = db.all<StoredFile>(
    'sortedFiles.page',
    `SELECT ${fileColumns} FROM sorted_files WHERE ${where} ORDER BY source LIMIT @limit OFFSET @offset`,
    { ...parameters, offset, limit },
  );
  return { total: count?.n ?? 0, files };
}

export interface SortingCounts {
  folders: { folder: string; files: number; sizeBytes: number }[];
  left: { note: string; files: number }[];
  notPutBack: { note: string; files: number }[];
  collisions: number;
  states: Record<SortedFileState, number>;
}

export function countSortedFiles(db: ReadableDatabase, sortingId: string): SortingCounts {
  const folders = db.all<{ folder: string; files: number; sizeBytes: number }>(
    'sortedFiles.folders',
    `SELECT folder, count(*) AS files, sum(size_bytes) AS sizeBytes FROM sorted_files
     WHERE sorting_id = ? AND target IS NOT NULL GROUP BY folder ORDER BY folder`,
    [sortingId],
  );
  const left = db.all<{ note: string; files: number }>(
    'sortedFiles.left',
    `SELECT note, count(*) AS files FROM sorted_files WHERE sorting_id = ? AND target IS NULL
     GROUP BY note ORDER BY files DESC`,
    [sortingId],
  );
  const notPutBack = db.all<{ note: string; files: number }>(
    'sortedFiles.notPutBackNotes',
    `SELECT note, count(*) AS files FROM sorted_files
     WHERE sorting_id = ? AND state = 'done' AND note NOT IN ('', ?) GROUP BY note ORDER BY files DESC`,
    [sortingId, numberedNote],
  );
  const rows = db.all<{ state: SortedFileState; files: number; collisions: number }>(
    'sortedFiles.states',
    `SELECT state, count(*) AS files, count(*) FILTER (WHERE note = ? AND state IN ('planned', 'begun', 'done'))
       AS collisions
     FROM sorted_files WHERE sorting_id = ? GROUP BY state`,
    [numberedNote, sortingId],
  );
  const states = { planned: 0, left: 0, begun: 0, done: 0, skipped: 0, failed: 0 };
  for (const { state, files } of rows) states[state] = files;
  return {
    folders,
    left,
    notPutBack,
    collisions: rows.reduce((sum, row) => sum + row.collisions, 0),
    states,
  };
}
