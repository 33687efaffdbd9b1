// Table photos: files to classify that are known by an id.
import type { ReadableDatabase, WritableDatabase } from './database.ts';

export interface StoredPhoto {
  id: string;
  name: string;
  /** Absolute; of an uploaded photo: below the data directory. */
  path: string;
  uploaded: boolean;
  sizeBytes: number;
  createdAt: number;
}

type Row = Omit<StoredPhoto, 'uploaded'> & { uploaded: number };

const columns = 'id, name, path, uploaded, size_bytes AS sizeBytes, created_at AS createdAt';

function toPhoto(row: Row): StoredPhoto {
  return { ...row, uploaded: row.uploaded !== 0 };
}

export function insertPhoto(db: WritableDatabase, photo: StoredPhoto): void {
  db.insert(
    'photos.insert',
    'INSERT INTO photos (id, name, path, uploaded, size_bytes, created_at) VALUES (?, ?, ?, ?, ?, ?)',
    [photo.id, photo.name, photo.path, Number(photo.uploaded), photo.sizeBytes, photo.createdAt],
  );
}

export function getPhoto(db: ReadableDatabase, id: string): StoredPhoto | undefined {
  const row = db.get<Row>('photos.get', `SELECT ${columns} FROM photos WHERE id = ?`, [id]);
  return row && toPhoto(row);
}

export const photoOfPathSql = `SELECT ${columns} FROM photos WHERE path = ? AND uploaded = 0`;

/** The user's own file of this path, where it is known. */
export function findPhotoOfPath(db: ReadableDatabase, path: string): StoredPhoto | undefined {
  const row = db.get<Row>('photos.ofPath', photoOfPathSql, [path]);
  return row && toPhoto(row);
}

export const photoPageSql = `SELECT ${columns} FROM photos ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?`;

/** Newest first. */
export function pagePhotos(
  db: ReadableDatabase,
  page: { offset: number; limit: number },
): { total: number; photos: StoredPhoto[] } {
  const total = db.get<{ n: number }>('photos.count', 'SELECT count(*) AS n FROM photos')?.n ?? 0;
  return { total, photos: db.all<Row>('photos.page', photoPageSql, [page.limit, page.offset]).map(toPhoto) };
}

/** Its answers stay in the history. */
export function deletePhoto(db: WritableDatabase, id: string): void {
  db.change('photos.delete', 'DELETE FROM photos WHERE id = ?', [id], 'this photo was removed already');
}
