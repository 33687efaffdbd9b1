-- What is measured of a net's inside: features of a data set's images for retrieval, and how active the units are.

CREATE TABLE feature_indexes (
  id TEXT PRIMARY KEY,
  run_id TEXT REFERENCES runs(id) ON DELETE CASCADE,
  model_id TEXT REFERENCES models(id) ON DELETE CASCADE,
  checkpoint_step INTEGER,           -- of a run's
  dataset_id TEXT NOT NULL REFERENCES datasets(id) ON DELETE CASCADE,
  split TEXT NOT NULL CHECK (split IN ('train', 'val')),
  state TEXT NOT NULL CHECK (state IN ('building', 'ready')),
  images INTEGER NOT NULL,
  features INTEGER NOT NULL DEFAULT 0,
  size_bytes INTEGER NOT NULL DEFAULT 0,
  elapsed_ms REAL NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  CHECK ((run_id IS NULL) <> (model_id IS NULL))
) STRICT;
CREATE INDEX feature_indexes_by_time ON feature_indexes (created_at DESC, id DESC);
CREATE INDEX feature_indexes_by_run ON feature_indexes (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX feature_indexes_by_model ON feature_indexes (model_id) WHERE model_id IS NOT NULL;
CREATE INDEX feature_indexes_by_dataset ON feature_indexes (dataset_id);

-- The last measurement of each checkpoint.
CREATE TABLE activities (
  id INTEGER PRIMARY KEY,
  run_id TEXT REFERENCES runs(id) ON DELETE CASCADE,
  model_id TEXT REFERENCES models(id) ON DELETE CASCADE,
  checkpoint_step INTEGER NOT NULL,  -- 0 for an imported model
  dataset_id TEXT NOT NULL REFERENCES datasets(id) ON DELETE CASCADE,
  images INTEGER NOT NULL,
  layers TEXT NOT NULL,              -- JSON: LayerActivity[]
  created_at INTEGER NOT NULL,
  CHECK ((run_id IS NULL) <> (model_id IS NULL))
) STRICT;
CREATE UNIQUE INDEX activities_by_run ON activities (run_id, checkpoint_step) WHERE run_id IS NOT NULL;
CREATE UNIQUE INDEX activities_by_model ON activities (model_id) WHERE model_id IS NOT NULL;
CREATE INDEX activities_by_dataset ON activities (dataset_id);
