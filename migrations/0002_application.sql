-- What the application keeps besides the command line: the queue, named augmentation settings, photos, duplicates.
-- Large texts leave the rows of the lists, which would otherwise read past them.

CREATE TABLE run_recipes (
  run_id TEXT PRIMARY KEY REFERENCES runs(id) ON DELETE CASCADE,
  config TEXT NOT NULL,              -- JSON: the complete run configuration
  labels TEXT NOT NULL,              -- JSON: class names in class order
  preprocessing TEXT NOT NULL        -- JSON: ModelPreprocessing
) STRICT;
INSERT INTO run_recipes (run_id, config, labels, preprocessing)
  SELECT id, config, labels, preprocessing FROM runs;
ALTER TABLE runs DROP COLUMN config;
ALTER TABLE runs DROP COLUMN labels;
ALTER TABLE runs DROP COLUMN preprocessing;

CREATE TABLE evaluation_summaries (
  evaluation_id TEXT PRIMARY KEY REFERENCES evaluations(id) ON DELETE CASCADE,
  summary TEXT NOT NULL              -- JSON: EvaluationSummary
) STRICT;
INSERT INTO evaluation_summaries (evaluation_id, summary) SELECT id, summary FROM evaluations;
ALTER TABLE evaluations DROP COLUMN summary;
CREATE INDEX evaluations_by_time ON evaluations (created_at DESC, id DESC);
CREATE INDEX evaluations_by_dataset ON evaluations (dataset_id, created_at);

CREATE TABLE jobs (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  title TEXT NOT NULL,
  request TEXT NOT NULL,             -- JSON: what the kind wants
  state TEXT NOT NULL CHECK (state IN
    ('queued', 'running', 'paused', 'done', 'failed', 'cancelled', 'interrupted')),
  position INTEGER NOT NULL,         -- the queue's order, lowest first
  subject TEXT,                      -- what it works on: an id
  result TEXT,                       -- what it made: an id
  error TEXT,                        -- JSON: { code, message }
  skipped INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  ended_at INTEGER
) STRICT;
CREATE INDEX jobs_by_state ON jobs (state, position);
CREATE INDEX jobs_by_end ON jobs (ended_at DESC, id) WHERE ended_at IS NOT NULL;

CREATE TABLE augmentations (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  settings TEXT NOT NULL,            -- JSON: the "augmentation" object
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE photos (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  path TEXT NOT NULL,                -- absolute; of an uploaded photo: below the data directory
  uploaded INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX photos_by_time ON photos (created_at DESC, id DESC);
CREATE INDEX photos_by_path ON photos (path);

ALTER TABLE predictions ADD COLUMN photo_id TEXT REFERENCES photos(id) ON DELETE SET NULL;
ALTER TABLE predictions ADD COLUMN job_id TEXT REFERENCES jobs(id) ON DELETE SET NULL;
CREATE INDEX predictions_by_job ON predictions (job_id, id) WHERE job_id IS NOT NULL;
CREATE INDEX predictions_by_photo ON predictions (photo_id) WHERE photo_id IS NOT NULL;

-- Records with the same pixels, of the last search.
CREATE TABLE duplicate_searches (
  dataset_id TEXT PRIMARY KEY REFERENCES datasets(id) ON DELETE CASCADE,
  found_at INTEGER NOT NULL,
  groups INTEGER NOT NULL,
  surplus INTEGER NOT NULL,          -- images beyond the first of each group
  across_splits INTEGER NOT NULL     -- groups with images of both splits
) STRICT, WITHOUT ROWID;
CREATE TABLE duplicate_images (
  dataset_id TEXT NOT NULL REFERENCES duplicate_searches(dataset_id) ON DELETE CASCADE,
  group_number INTEGER NOT NULL,
  split TEXT NOT NULL CHECK (split IN ('train', 'val')),
  record INTEGER NOT NULL,
  PRIMARY KEY (dataset_id, group_number, split, record)
) STRICT, WITHOUT ROWID;
