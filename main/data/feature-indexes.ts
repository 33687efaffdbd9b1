// Table feature_indexes: which data sets' features are on disk, and of which weights.
import type { Split } from '../api/datasets.ts';
import type { CheckpointKey } from './activities.ts';
import type { ReadableDatabase, WritableDatabase } from './database.ts';

export interface StoredIndex extends CheckpointKey {
  id: string;
  datasetId: string;
  split: Split;
  state: 'building' | 'ready';
  images: number;
  /** Of each image; 0 while it is built. */
  features: number;
  sizeBytes: number;
  elapsedMs: number;
  createdAt: number;
}

const columns = `id, run_id AS runId, model_id AS modelId, checkpoint_step AS checkpointStep,
  dataset_id AS datasetId, split, state, images, features, size_bytes AS sizeBytes, elapsed_ms AS elapsedMs,
  created_at AS createdAt`;

/** Newest first. */
export function listIndexes(db: ReadableDatabase): StoredIndex[] {
  return db.all<StoredIndex>(
    'featureIndexes.list',
    `SELECT ${columns} FROM feature_indexes ORDER BY created_at DESC, id DESC`,
  );
}

export function getIndex(db: ReadableDatabase, id: string): StoredIndex | undefined {
  return db.get<StoredIndex>('featureIndexes.get', `SELECT ${columns} FROM feature_indexes WHERE id = ?`, [
    id,
  ]);
}

/** Of the same weights and images. */
export function findIndex(
  db: ReadableDatabase,
  wanted: CheckpointKey & { datasetId: string; split: Split },
): StoredIndex | undefined {
  return db.get<StoredIndex>(
    'featureIndexes.find',
    `SELECT ${columns} FROM feature_indexes WHERE dataset_id = @datasetId AND split = @split
     AND run_id IS @runId AND model_id IS @modelId AND checkpoint_step IS @checkpointStep`,
    {
      datasetId: wanted.datasetId,
      split: wanted.split,
      runId: wanted.runId,
      modelId: wanted.modelId,
      checkpointStep: wanted.checkpointStep,
    },
  );
}

export function insertIndex(db: WritableDatabase, index: StoredIndex): void {
  db.insert(
    'featureIndexes.insert',
    `INSERT INTO feature_indexes (id, run_id, model_id, checkpoint_step, dataset_id, split, state, images, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      index.id,
      index.runId,
      index.modelId,
      index.checkpointStep,
      index.datasetId,
      index.split,
      index.state,
      index.images,
      index.createdAt,
    ],
  );
}

export function finishIndex(
  db: WritableDatabase,
  id: string,
  made: Pick<StoredIndex, 'features' | 'sizeBytes' | 'elapsedMs'>,
): void {
  db.change(
    'featureIndexes.finish',
    `UPDATE feature_indexes SET state = 'ready', features = ?, size_bytes = ?, elapsed_ms = ? WHERE id = ?`,
    [made.features, made.sizeBytes, made.elapsedMs, id],
    `index ${id} vanished while it was built`,
  );
}

export function deleteIndex(db: WritableDatabase, id: string): void {
  db.change(
    'featureIndexes.delete',
    'DELETE FROM feature_indexes WHERE id = ?',
    [id],
    `index ${id} is not there any more`,
  );
}
