// Table augmentations: named settings.
import { AppError } from '../api/errors.ts';
import type { NamedAugmentation } from '../api/operations/augmentation.ts';
import { augmentationSchema } from '../api/run-config.ts';
import type { ReadableDatabase, WritableDatabase } from './database.ts';
import { fromJson } from './json.ts';
import { isUniqueViolation } from './sqlite-error.ts';

type Row = Omit<NamedAugmentation, 'settings'> & { settings: string };

const columns = 'id, name, settings, created_at AS createdAt, updated_at AS updatedAt';

function toAugmentation(row: Row): NamedAugmentation {
  return { ...row, settings: fromJson(augmentationSchema, row.settings, 'augmentations.settings') };
}

/** By name. */
export function listAugmentations(db: ReadableDatabase): NamedAugmentation[] {
  return db
    .all<Row>('augmentations.list', `SELECT ${columns} FROM augmentations ORDER BY name`)
    .map(toAugmentation);
}

export function getAugmentation(db: ReadableDatabase, id: string): NamedAugmentation | undefined {
  const row = db.get<Row>('augmentations.get', `SELECT ${columns} FROM augmentations WHERE id = ?`, [id]);
  return row && toAugmentation(row);
}

function refuseTaken(error: unknown, name: string): never {
  if (!isUniqueViolation(error)) throw error;
  throw new AppError(
    'NAME_TAKEN',
    `there are augmentation settings named ${name} already; choose another name`,
    {
      name,
    },
  );
}

/** Throws NAME_TAKEN. */
export function insertAugmentation(db: WritableDatabase, one: NamedAugmentation): void {
  try {
    db.insert(
      'augmentations.insert',
      'INSERT INTO augmentations (id, name, settings, created_at, updated_at) VALUES (?, ?, ?, ?, ?)',
      [one.id, one.name, JSON.stringify(one.settings), one.createdAt, one.updatedAt],
    );
  } catch (error) {
    refuseTaken(error, one.name);
  }
}

/** Throws NAME_TAKEN, NOT_FOUND. */
export function updateAugmentation(
  db: WritableDatabase,
  one: Pick<NamedAugmentation, 'id' | 'name' | 'settings' | 'updatedAt'>,
): void {
  try {
    db.change(
      'augmentations.update',
      'UPDATE augmentations SET name = ?, settings = ?, updated_at = ? WHERE id = ?',
      [one.name, JSON.stringify(one.settings), one.updatedAt, one.id],
      'these augmentation settings were removed',
    );
  } catch (error) {
    refuseTaken(error, one.name);
  }
}

export function deleteAugmentation(db: WritableDatabase, id: string): void {
  db.change(
    'augmentations.delete',
    'DELETE FROM augmentations WHERE id = ?',
    [id],
    'these augmentation settings were removed already',
  );
}
