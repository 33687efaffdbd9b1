// Tables duplicate_searches and duplicate_images: records of a data set with the same pixels.
import type { Split } from '../api/datasets.ts';
import type { ReadableDatabase, WritableDatabase } from './database.ts';

export interface DuplicateRecord {
  split: Split;
  record: number;
}

export interface DuplicateSearch {
  foundAt: number;
  groups: number;
  surplus: number;
  acrossSplits: number;
}

/** Replaces what an earlier search found. One transaction. */
export function storeDuplicates(
  db: WritableDatabase,
  datasetId: string,
  groups: readonly (readonly DuplicateRecord[])[],
  foundAt: number,
): void {
  const surplus = groups.reduce((sum, group) => sum + group.length - 1, 0);
  const across = groups.filter((group) => group.some(({ split }) => split !== group[0]?.split)).length;
  db.transaction(() => {
    db.run('duplicates.clear', 'DELETE FROM duplicate_searches WHERE dataset_id = ?', [datasetId]);
    db.insert(
      'duplicates.insertSearch',
      `INSERT INTO duplicate_searches (dataset_id, found_at, groups, surplus, across_splits)
       VALUES (?, ?, ?, ?, ?)`,
      [datasetId, foundAt, groups.length, surplus, across],
    );
    groups.forEach((group, number) => {
      for (const { split, record } of group) {
        db.insert(
          'duplicates.insertImage',
          'INSERT INTO duplicate_images (dataset_id, group_number, split, record) VALUES (?, ?, ?, ?)',
          [datasetId, number, split, record],
        );
      }
    });
  });
}

export function getDuplicateSearch(db: ReadableDatabase, datasetId: string): DuplicateSearch | undefined {
  return db.get<DuplicateSearch>(
    'duplicates.search',
    `SELECT found_at AS foundAt, groups, surplus, across_splits AS acrossSplits
     FROM duplicate_searches WHERE dataset_id = ?`,
    [datasetId],
  );
}

export const duplicateGroupsSql = `SELECT group_number AS groupNumber, split, record FROM duplicate_images
  WHERE dataset_id = ? AND group_number >= ? AND group_number < ? ORDER BY group_number, split, record`;

/** Groups [offset, offset + limit) of the search. */
export function pageDuplicates(
  db: ReadableDatabase,
  datasetId: string,
  page: { offset: number; limit: number },
): DuplicateRecord[][] {
  const groups = new Map<number, DuplicateRecord[]>();
  const rows = db.all<DuplicateRecord & { groupNumber: number }>('duplicates.page', duplicateGroupsSql, [
    datasetId,
    page.offset,
    page.offset + page.limit,
  ]);
  for (const { groupNumber, split, record } of rows) {
    const group = groups.get(groupNumber) ?? [];
    group.push({ split, record });
    groups.set(groupNumber, group);
  }
  return [...groups.values()];
}
