// Table activities: how active the units of a checkpoint are, measured last.
import { type LayerActivity, layerActivitiesSchema } from '../api/activity.ts';
import type { ReadableDatabase, WritableDatabase } from './database.ts';
import { fromJson } from './json.ts';

/** Whose weights: exactly one of the two ids; the step of a run's checkpoint. */
export interface CheckpointKey {
  runId: string | null;
  modelId: string | null;
  checkpointStep: number | null;
}

export interface StoredActivity {
  datasetId: string;
  images: number;
  layers: LayerActivity[];
  createdAt: number;
}

const byRun = 'run_id = @runId AND checkpoint_step = @step';
const byModel = 'model_id = @modelId';

function parameters({ runId, modelId, checkpointStep }: CheckpointKey) {
  return runId === null ? { modelId } : { runId, step: checkpointStep ?? 0 };
}

export function getActivity(db: ReadableDatabase, key: CheckpointKey): StoredActivity | undefined {
  const row = db.get<Omit<StoredActivity, 'layers'> & { layers: string }>(
    'activities.get',
    `SELECT dataset_id AS datasetId, images, layers, created_at AS createdAt FROM activities
     WHERE ${key.runId === null ? byModel : byRun}`,
    parameters(key),
  );
  return row && { ...row, layers: fromJson(layerActivitiesSchema, row.layers, 'activities.layers') };
}

/** In the place of what was measured before. */
export function storeActivity(db: WritableDatabase, key: CheckpointKey, activity: StoredActivity): void {
  db.transaction(() => {
    db.run(
      'activities.remove',
      `DELETE FROM activities WHERE ${key.runId === null ? byModel : byRun}`,
      parameters(key),
    );
    db.insert(
      'activities.insert',
      `INSERT INTO activities (run_id, model_id, checkpoint_step, dataset_id, images, layers, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      [
        key.runId,
        key.modelId,
        key.checkpointStep ?? 0,
        activity.datasetId,
        activity.images,
        JSON.stringify(activity.layers),
        activity.createdAt,
      ],
    );
  });
}
