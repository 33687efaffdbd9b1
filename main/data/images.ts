// Tables images and skipped_files: what became of every file of a data set.
import type { Image, SkippedFile, Split } from '../api/datasets.ts';
import type { ReadableDatabase, WritableDatabase } from './database.ts';

export interface NewImage {
  record: number;
  label: number;
  /** Relative to the split's folder. */
  path: string;
}

/** One transaction. A million rows take seconds: give them in batches of some thousands. */
export function insertImages(
  db: WritableDatabase,
  datasetId: string,
  split: Split,
  images: Iterable<NewImage>,
): void {
  db.transaction(() => {
    for (const image of images) {
      db.insert(
        'images.insert',
        'INSERT INTO images (dataset_id, split, record, label, path) VALUES (?, ?, ?, ?, ?)',
        [datasetId, split, image.record, image.label, image.path],
      );
    }
  });
}

export function insertSkippedFiles(
  db: WritableDatabase,
  datasetId: string,
  files: Iterable<SkippedFile>,
): void {
  db.transaction(() => {
    for (const file of files) {
      db.insert(
        'skippedFiles.insert',
        'INSERT INTO skipped_files (dataset_id, split, path, code, message) VALUES (?, ?, ?, ?, ?)',
        [datasetId, file.split, file.path, file.code, file.message],
      );
    }
  });
}

/** Before a split is written anew. Returns how many rows went. */
export function clearSplit(
  db: WritableDatabase,
  datasetId: string,
  split: Split,
): { images: number; skipped: number } {
  return db.transaction(() => ({
    images: db.run('images.clear', 'DELETE FROM images WHERE dataset_id = ? AND split = ?', [
      datasetId,
      split,
    ]),
    skipped: db.run('skippedFiles.clear', 'DELETE FROM skipped_files WHERE dataset_id = ? AND split = ?', [
      datasetId,
      split,
    ]),
  }));
}

/** Removes at most `limit` images of a data set; returns how many went. For data sets of a million. */
export function deleteSomeImages(db: WritableDatabase, datasetId: string, limit: number): number {
  return db.run(
    'images.deleteSome',
    `DELETE FROM images WHERE (dataset_id, split, record) IN
       (SELECT dataset_id, split, record FROM images WHERE dataset_id = ? LIMIT ?)`,
    [datasetId, limit],
  );
}

export interface ImagePage {
  datasetId: string;
  split: Split;
  label?: number;
  /** Records beyond this one; -1 to begin. */
  afterRecord: number;
  limit: number;
}

export const imagePageSql = `SELECT split, record, label, path FROM images
  WHERE dataset_id = ? AND split = ? AND record > ? ORDER BY record LIMIT ?`;
// Named, since without statistics the planner takes the primary key and walks through every other class.
export const imagePageByClassSql = `SELECT split, record, label, path FROM images INDEXED BY images_by_class
  WHERE dataset_id = ? AND split = ? AND label = ? AND record > ? ORDER BY record LIMIT ?`;

/** In record order. */
export function listImages(db: ReadableDatabase, page: ImagePage): Image[] {
  const { datasetId, split, label, afterRecord, limit } = page;
  if (label === undefined) {
    return db.all<Image>('images.page', imagePageSql, [datasetId, split, afterRecord, limit]);
  }
  return db.all<Image>('images.pageByClass', imagePageByClassSql, [
    datasetId,
    split,
    label,
    afterRecord,
    limit,
  ]);
}

export const imagesOfClassSql = `SELECT split, record, label, path FROM images INDEXED BY images_by_class
  WHERE dataset_id = ? AND split = ? AND label = ? ORDER BY record LIMIT ? OFFSET ?`;

/** A part of a class, in record order. */
export function listImagesOfClass(
  db: ReadableDatabase,
  of: { datasetId: string; split: Split; label: number },
  page: { offset: number; limit: number },
): Image[] {
  return db.all<Image>('images.ofClass', imagesOfClassSql, [
    of.datasetId,
    of.split,
    of.label,
    page.limit,
    page.offset,
  ]);
}

export function getImage(
  db: ReadableDatabase,
  datasetId: string,
  split: Split,
  record: number,
): Image | undefined {
  return db.get<Image>(
    'images.get',
    'SELECT split, record, label, path FROM images WHERE dataset_id = ? AND split = ? AND record = ?',
    [datasetId, split, record],
  );
}

export function countImages(db: ReadableDatabase, datasetId: string, split: Split): number {
  const row = db.get<{ n: number }>(
    'images.count',
    'SELECT count(*) AS n FROM images WHERE dataset_id = ? AND split = ?',
    [datasetId, split],
  );
  return row?.n ?? 0;
}

export interface SkippedPage {
  datasetId: string;
  split: Split;
  /** Rows beyond this one; 0 to begin. */
  afterId: number;
  limit: number;
}

export const skippedPageSql = `SELECT id, split, path, code, message FROM skipped_files
  WHERE dataset_id = ? AND split = ? AND id > ? ORDER BY id LIMIT ?`;

/** In the order in which they were met. */
export function listSkippedFiles(db: ReadableDatabase, page: SkippedPage): (SkippedFile & { id: number })[] {
  return db.all<SkippedFile & { id: number }>('skippedFiles.page', skippedPageSql, [
    page.datasetId,
    page.split,
    page.afterId,
    page.limit,
  ]);
}

export function countSkippedFiles(db: ReadableDatabase, datasetId: string): Record<Split, number> {
  const rows = db.all<{ split: Split; n: number }>(
    'skippedFiles.count',
    'SELECT split, count(*) AS n FROM skipped_files WHERE dataset_id = ? GROUP BY split',
    [datasetId],
  );
  const counts = { train: 0, val: 0 };
  for (const row of rows) counts[row.split] = row.n;
  return counts;
}

const skippedFilterSql =
  'dataset_id = @datasetId AND (@split IS NULL OR split = @split) AND (@code IS NULL OR code = @code)';

export const skippedListSql = `SELECT split, path, code, message FROM skipped_files WHERE ${skippedFilterSql}
  ORDER BY split, id LIMIT @limit OFFSET @offset`;

export interface SkippedRequest {
  datasetId: string;
  split?: Split | undefined;
  code?: string | undefined;
  offset: number;
  limit: number;
}

/** A part of the skipped files by split and reason, and how often each reason occurs. */
export function pageSkippedFiles(
  db: ReadableDatabase,
  { datasetId, split, code, offset, limit }: SkippedRequest,
): { total: number; files: SkippedFile[]; codes: { code: string; count: number }[] } {
  const filter = { datasetId, split: split ?? null, code: code ?? null };
  const count = `SELECT count(*) AS n FROM skipped_files WHERE ${skippedFilterSql}`;
  return {
    total: db.get<{ n: number }>('skippedFiles.filteredCount', count, filter)?.n ?? 0,
    files: db.all<SkippedFile>('skippedFiles.list', skippedListSql, { ...filter, offset, limit }),
    codes: db.all<{ code: string; count: number }>(
      'skippedFiles.codes',
      `SELECT code, count(*) AS count FROM skipped_files WHERE dataset_id = ? GROUP BY code ORDER BY 2 DESC, 1`,
      [datasetId],
    ),
  };
}
