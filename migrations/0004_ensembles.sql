-- An evaluation may be of several models whose softmax outputs were averaged; who they were is kept with it, and the
-- classes' names, which then belong to no one run.

CREATE TABLE evaluations_new (
  id TEXT PRIMARY KEY,
  run_id TEXT REFERENCES runs(id) ON DELETE CASCADE,
  model_id TEXT REFERENCES models(id) ON DELETE CASCADE,
  checkpoint_step INTEGER,
  members INTEGER NOT NULL DEFAULT 1,  -- models averaged; 1: a run's checkpoint or a model by itself
  dataset_id TEXT REFERENCES datasets(id) ON DELETE SET NULL,
  dataset_name TEXT NOT NULL,
  split TEXT NOT NULL CHECK (split IN ('train', 'val')),
  crops INTEGER NOT NULL CHECK (crops IN (1, 10)),
  images INTEGER NOT NULL,
  loss REAL,
  top1_error REAL NOT NULL,
  top5_error REAL NOT NULL,
  elapsed_ms REAL NOT NULL,
  created_at INTEGER NOT NULL,
  CHECK ((run_id IS NOT NULL) + (model_id IS NOT NULL) = (members = 1)),
  CHECK (members >= 1)
) STRICT;
INSERT INTO evaluations_new (id, run_id, model_id, checkpoint_step, dataset_id, dataset_name, split, crops, images,
    loss, top1_error, top5_error, elapsed_ms, created_at)
  SELECT id, run_id, model_id, checkpoint_step, dataset_id, dataset_name, split, crops, images,
    loss, top1_error, top5_error, elapsed_ms, created_at FROM evaluations;

CREATE TABLE evaluation_summaries_new (
  evaluation_id TEXT PRIMARY KEY REFERENCES evaluations_new(id) ON DELETE CASCADE,
  summary TEXT NOT NULL,             -- JSON: EvaluationSummary
  labels TEXT                        -- JSON: class names in class order; NULL: those of the run or model
) STRICT;
INSERT INTO evaluation_summaries_new (evaluation_id, summary) SELECT evaluation_id, summary FROM evaluation_summaries;

DROP TABLE evaluation_summaries;
DROP TABLE evaluations;
ALTER TABLE evaluations_new RENAME TO evaluations;
ALTER TABLE evaluation_summaries_new RENAME TO evaluation_summaries;
CREATE INDEX evaluations_by_run ON evaluations (run_id, created_at);
CREATE INDEX evaluations_by_model ON evaluations (model_id, created_at);
CREATE INDEX evaluations_by_time ON evaluations (created_at DESC, id DESC);
CREATE INDEX evaluations_by_dataset ON evaluations (dataset_id, created_at);

-- What was averaged, with each one's own errors, which outlive it.
CREATE TABLE evaluation_members (
  evaluation_id TEXT NOT NULL REFERENCES evaluations(id) ON DELETE CASCADE,
  place INTEGER NOT NULL,
  name TEXT NOT NULL,                -- as it was called then
  run_id TEXT REFERENCES runs(id) ON DELETE SET NULL,
  model_id TEXT REFERENCES models(id) ON DELETE SET NULL,
  checkpoint_step INTEGER,
  own_evaluation_id TEXT REFERENCES evaluations(id) ON DELETE SET NULL,
  loss REAL,
  top1_error REAL NOT NULL,
  top5_error REAL NOT NULL,
  PRIMARY KEY (evaluation_id, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX evaluation_members_by_run ON evaluation_members (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX evaluation_members_by_model ON evaluation_members (model_id) WHERE model_id IS NOT NULL;
CREATE INDEX evaluation_members_by_own ON evaluation_members (own_evaluation_id)
  WHERE own_evaluation_id IS NOT NULL;
