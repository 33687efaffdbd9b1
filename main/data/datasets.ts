// Tables datasets and dataset_classes.
import {
  type Dataset,
  type DatasetClass,
  type DatasetSource,
  type DatasetState,
  datasetSourceSchema,
  type PackStatistics,
  packStatisticsSchema,
} from '../api/datasets.ts';
import { AppError } from '../api/errors.ts';
import type { ReadableDatabase, WritableDatabase } from './database.ts';
import { fromJson } from './json.ts';
import { isUniqueViolation } from './sqlite-error.ts';

interface DatasetRow {
  id: string;
  name: string;
  state: DatasetState;
  reason: string;
  source: string;
  classes: number;
  train_images: number;
  val_images: number;
  statistics: string;
  size_bytes: number;
  created_at: number;
  updated_at: number;
}

const noStatistics = '{}';

function toDataset(row: DatasetRow): Dataset {
  return {
    id: row.id,
    name: row.name,
    state: row.state,
    reason: row.reason,
    source: fromJson(datasetSourceSchema, row.source, 'datasets.source'),
    classes: row.classes,
    trainImages: row.train_images,
    valImages: row.val_images,
    statistics:
      row.statistics === noStatistics
        ? null
        : fromJson(packStatisticsSchema, row.statistics, 'datasets.statistics'),
    sizeBytes: row.size_bytes,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

export interface NewDataset {
  id: string;
  name: string;
  source: DatasetSource;
  createdAt: number;
}

/** A data set in state `packing`. Throws NAME_TAKEN. */
export function insertDataset(db: WritableDatabase, dataset: NewDataset): void {
  try {
    db.insert(
      'datasets.insert',
      `INSERT INTO datasets (id, name, state, source, created_at, updated_at)
       VALUES (?, ?, 'packing', ?, ?, ?)`,
      [dataset.id, dataset.name, JSON.stringify(dataset.source), dataset.createdAt, dataset.createdAt],
    );
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw new AppError(
      'NAME_TAKEN',
      `there is a data set named ${dataset.name} already; choose another name`,
      {
        name: dataset.name,
      },
    );
  }
}

export function getDataset(db: ReadableDatabase, id: string): Dataset | undefined {
  const row = db.get<DatasetRow>('datasets.get', 'SELECT * FROM datasets WHERE id = ?', [id]);
  return row && toDataset(row);
}

/** By name, or by id where no data set has that name. */
export function findDataset(db: ReadableDatabase, nameOrId: string): Dataset | undefined {
  const row = db.get<DatasetRow>('datasets.find', 'SELECT * FROM datasets WHERE name = ?', [nameOrId]);
  return row ? toDataset(row) : getDataset(db, nameOrId);
}

/** By name. */
export function listDatasets(db: ReadableDatabase): Dataset[] {
  return db.all<DatasetRow>('datasets.list', 'SELECT * FROM datasets ORDER BY name').map(toDataset);
}

export interface DatasetStateChange {
  state: DatasetState;
  /** Why it failed. */
  reason?: string;
  updatedAt: number;
}

export function setDatasetState(db: WritableDatabase, id: string, change: DatasetStateChange): void {
  db.change(
    'datasets.setState',
    'UPDATE datasets SET state = ?, reason = ?, updated_at = ? WHERE id = ?',
    [change.state, change.reason ?? '', change.updatedAt, id],
    `data set ${id} does not exist any more`,
  );
}

export interface PackedDataset {
  /** In label order, 0 first. */
  classes: readonly DatasetClass[];
  trainImages: number;
  valImages: number;
  statistics: PackStatistics;
  sizeBytes: number;
  updatedAt: number;
}

/** A packed data set becomes `ready`, its classes replaced, in one transaction. */
export function finishDataset(db: WritableDatabase, id: string, packed: PackedDataset): void {
  db.transaction(() => {
    replaceClasses(db, id, packed.classes);
    db.change(
      'datasets.finish',
      `UPDATE datasets SET state = 'ready', reason = '', classes = ?, train_images = ?, val_images = ?,
         statistics = ?, size_bytes = ?, updated_at = ?
       WHERE id = ?`,
      [
        packed.classes.length,
        packed.trainImages,
        packed.valImages,
        JSON.stringify(packed.statistics),
        packed.sizeBytes,
        packed.updatedAt,
        id,
      ],
      `data set ${id} does not exist any more`,
    );
  });
}

/** Its classes, images and skipped files go with it. Runs that used it stay. */
export function deleteDataset(db: WritableDatabase, id: string): void {
  db.change(
    'datasets.delete',
    'DELETE FROM datasets WHERE id = ?',
    [id],
    `data set ${id} does not exist any more`,
  );
}

function replaceClasses(db: WritableDatabase, datasetId: string, classes: readonly DatasetClass[]): void {
  db.transaction(() => {
    db.run('classes.clear', 'DELETE FROM dataset_classes WHERE dataset_id = ?', [datasetId]);
    for (const one of classes) {
      db.insert(
        'classes.insert',
        `INSERT INTO dataset_classes (dataset_id, label, folder, name, train_images, val_images)
         VALUES (?, ?, ?, ?, ?, ?)`,
        [datasetId, one.label, one.folder, one.name, one.trainImages, one.valImages],
      );
    }
  });
}

/** In label order. */
export function listClasses(db: ReadableDatabase, datasetId: string): DatasetClass[] {
  return db.all<DatasetClass>(
    'classes.list',
    `SELECT label, folder, name, train_images AS trainImages, val_images AS valImages
     FROM dataset_classes WHERE dataset_id = ? ORDER BY label`,
    [datasetId],
  );
}

export type ClassSort = 'label' | 'name' | 'folder' | 'trainImages' | 'valImages';

const classColumns: Record<ClassSort, string> = {
  label: 'label',
  name: 'name COLLATE NOCASE',
  folder: 'folder',
  trainImages: 'train_images',
  valImages: 'val_images',
};

const classFilterSql =
  "dataset_id = @id AND (@search = '' OR instr(lower(name || ' ' || folder), @search) > 0)";

export interface ClassRequest {
  id: string;
  /** In names and folders; empty: all. */
  search: string;
  sort: ClassSort;
  descending: boolean;
  offset: number;
  limit: number;
}

/** A part of the classes that a search fits. */
export function pageClasses(
  db: ReadableDatabase,
  request: ClassRequest,
): { total: number; classes: DatasetClass[] } {
  const { id, sort, descending, offset, limit } = request;
  const filter = { id, search: request.search.trim().toLowerCase() };
  const count = `SELECT count(*) AS n FROM dataset_classes WHERE ${classFilterSql}`;
  const list = `SELECT label, folder, name, train_images AS trainImages, val_images AS valImages
    FROM dataset_classes WHERE ${classFilterSql}
    ORDER BY ${classColumns[sort]} ${descending ? 'DESC' : 'ASC'}, label LIMIT @limit OFFSET @offset`;
  return {
    total: db.get<{ n: number }>('classes.count', count, filter)?.n ?? 0,
    classes: db.all<DatasetClass>('classes.page', list, { ...filter, offset, limit }),
  };
}
