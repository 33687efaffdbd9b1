-- Data sets, runs, metrics, evaluations, predictions, models, settings. Times are ms UTC.

CREATE TABLE datasets (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL CHECK (state IN ('packing', 'ready', 'failed')),
  reason TEXT NOT NULL DEFAULT '',
  source TEXT NOT NULL,              -- JSON: the folders and options it was added with
  classes INTEGER NOT NULL DEFAULT 0,
  train_images INTEGER NOT NULL DEFAULT 0,
  val_images INTEGER NOT NULL DEFAULT 0,
  statistics TEXT NOT NULL DEFAULT '{}',  -- JSON: mean RGB, covariance, eigenvalues, eigenvectors
  size_bytes INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE dataset_classes (
  dataset_id TEXT NOT NULL REFERENCES datasets(id) ON DELETE CASCADE,
  label INTEGER NOT NULL,
  folder TEXT NOT NULL,              -- the class folder's name; a wnid for ImageNet
  name TEXT NOT NULL,                -- what people call it
  train_images INTEGER NOT NULL DEFAULT 0,
  val_images INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (dataset_id, label)
) STRICT, WITHOUT ROWID;

-- One row a packed record.
CREATE TABLE images (
  dataset_id TEXT NOT NULL REFERENCES datasets(id) ON DELETE CASCADE,
  split TEXT NOT NULL CHECK (split IN ('train', 'val')),
  record INTEGER NOT NULL,
  label INTEGER NOT NULL,
  path TEXT NOT NULL,                -- relative to the split's folder
  PRIMARY KEY (dataset_id, split, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX images_by_class ON images (dataset_id, split, label, record);

CREATE TABLE skipped_files (
  id INTEGER PRIMARY KEY,
  dataset_id TEXT NOT NULL REFERENCES datasets(id) ON DELETE CASCADE,
  split TEXT NOT NULL CHECK (split IN ('train', 'val')),
  path TEXT NOT NULL,
  code TEXT NOT NULL,
  message TEXT NOT NULL
) STRICT;
CREATE INDEX skipped_files_by_dataset ON skipped_files (dataset_id, split, id);

CREATE TABLE models (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  file TEXT NOT NULL,                -- below the data directory
  format TEXT NOT NULL,
  preset TEXT NOT NULL,
  net TEXT NOT NULL,                 -- JSON: the "net" object
  preprocessing TEXT NOT NULL,       -- JSON: ModelPreprocessing
  labels TEXT NOT NULL,              -- JSON: class names in class order
  parameters INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  source TEXT NOT NULL,              -- JSON: where it came from
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE runs (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN
    ('queued', 'running', 'paused', 'finished', 'stopped', 'diverged', 'interrupted', 'failed')),
  reason TEXT NOT NULL DEFAULT '',
  dataset_id TEXT REFERENCES datasets(id) ON DELETE SET NULL,
  dataset_name TEXT NOT NULL,
  preset TEXT NOT NULL,
  config TEXT NOT NULL,              -- JSON: the complete run configuration
  labels TEXT NOT NULL,              -- JSON: class names in class order
  preprocessing TEXT NOT NULL,       -- JSON: ModelPreprocessing
  init TEXT NOT NULL DEFAULT '',     -- the model it started from
  steps_per_epoch INTEGER NOT NULL DEFAULT 0,
  total_steps INTEGER NOT NULL DEFAULT 0,
  parameters INTEGER NOT NULL DEFAULT 0,
  step INTEGER NOT NULL DEFAULT 0,   -- completed steps whose metrics are stored
  epoch INTEGER NOT NULL DEFAULT 0,
  loss REAL,
  best_top1_error REAL,
  best_epoch INTEGER,
  owner_pid INTEGER,                 -- the process that drives it while it runs
  owner_started TEXT,                -- that process's start, so that a reused pid is not mistaken
  starred INTEGER NOT NULL DEFAULT 0,
  tags TEXT NOT NULL DEFAULT '[]',
  notes TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  ended_at INTEGER
) STRICT;
CREATE INDEX runs_by_created ON runs (created_at DESC, id DESC);
CREATE INDEX runs_by_dataset ON runs (dataset_id, created_at DESC);
CREATE INDEX runs_by_state ON runs (state);
CREATE INDEX runs_by_name ON runs (name, created_at DESC);

CREATE TABLE metrics (
  run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
  step INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  images INTEGER NOT NULL,
  loss REAL,                         -- NULL: not finite
  top1_error REAL NOT NULL,
  top5_error REAL NOT NULL,
  learning_rate REAL NOT NULL,
  elapsed_ms REAL NOT NULL,
  data_wait_ms REAL NOT NULL,
  exchange_ms REAL NOT NULL,
  PRIMARY KEY (run_id, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE validations (
  run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
  epoch INTEGER NOT NULL,
  step INTEGER NOT NULL,
  images INTEGER NOT NULL,
  loss REAL,
  top1_error REAL NOT NULL,
  top5_error REAL NOT NULL,
  train_loss REAL,
  train_top1_error REAL NOT NULL,
  elapsed_ms REAL NOT NULL,
  PRIMARY KEY (run_id, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
  step INTEGER NOT NULL,
  kind TEXT NOT NULL,                -- 'command', 'checkpoint', 'started', 'resumed', 'ended', 'interrupted'
  payload TEXT NOT NULL,             -- JSON
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX events_by_run ON events (run_id, step, id);

CREATE TABLE evaluations (
  id TEXT PRIMARY KEY,
  run_id TEXT REFERENCES runs(id) ON DELETE CASCADE,
  model_id TEXT REFERENCES models(id) ON DELETE CASCADE,
  checkpoint_step INTEGER,
  dataset_id TEXT REFERENCES datasets(id) ON DELETE SET NULL,
  dataset_name TEXT NOT NULL,
  split TEXT NOT NULL CHECK (split IN ('train', 'val')),
  crops INTEGER NOT NULL CHECK (crops IN (1, 10)),
  images INTEGER NOT NULL,
  loss REAL,
  top1_error REAL NOT NULL,
  top5_error REAL NOT NULL,
  summary TEXT NOT NULL,             -- JSON: EvaluationSummary
  elapsed_ms REAL NOT NULL,
  created_at INTEGER NOT NULL,
  CHECK ((run_id IS NULL) <> (model_id IS NULL))
) STRICT;
CREATE INDEX evaluations_by_run ON evaluations (run_id, created_at);
CREATE INDEX evaluations_by_model ON evaluations (model_id, created_at);

CREATE TABLE predictions (
  id INTEGER PRIMARY KEY,
  path TEXT NOT NULL,
  model TEXT NOT NULL,               -- as the user named it
  run_id TEXT REFERENCES runs(id) ON DELETE SET NULL,
  model_id TEXT REFERENCES models(id) ON DELETE SET NULL,
  checkpoint_step INTEGER,
  crops INTEGER NOT NULL,
  answers TEXT NOT NULL,             -- JSON: [{ class, name, probability }] or { error }
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX predictions_by_time ON predictions (created_at DESC, id DESC);

CREATE TABLE settings (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL                -- JSON
) STRICT, WITHOUT ROWID;
