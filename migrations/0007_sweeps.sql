-- Photos in bulk. A sweep is files and folders classified with one model: asked for again, it goes on. What an answer
-- is searched and ordered by leaves the JSON for columns of its own.

CREATE TABLE sweeps (
  id TEXT PRIMARY KEY,
  identity TEXT NOT NULL UNIQUE,     -- SHA-256 of what was asked for
  paths TEXT NOT NULL,               -- JSON: absolute, none below another
  model TEXT NOT NULL,               -- as the user named it
  run_id TEXT REFERENCES runs(id) ON DELETE SET NULL,
  model_id TEXT REFERENCES models(id) ON DELETE SET NULL,
  checkpoint_step INTEGER,
  crops INTEGER NOT NULL,
  top INTEGER NOT NULL,              -- answers a photo
  created_at INTEGER NOT NULL,
  started_at INTEGER,                -- the last time
  ended_at INTEGER                   -- when it last came to the end; NULL: it has not since it was started
) STRICT;
CREATE INDEX sweeps_by_time ON sweeps (created_at DESC, id DESC);

-- Files that answers are written to as they come. What is stored and not yet written comes after written_id.
CREATE TABLE sweep_outputs (
  sweep_id TEXT NOT NULL REFERENCES sweeps(id) ON DELETE CASCADE,
  path TEXT NOT NULL,
  written_id INTEGER NOT NULL,       -- the last prediction in the file
  size_bytes INTEGER NOT NULL,       -- of the file then
  tail TEXT NOT NULL,                -- its last characters then
  PRIMARY KEY (sweep_id, path)
) STRICT, WITHOUT ROWID;

CREATE TABLE predictions_new (
  id INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice: files of answers go by it
  path TEXT NOT NULL,
  model TEXT NOT NULL,               -- as the user named it
  run_id TEXT REFERENCES runs(id) ON DELETE SET NULL,
  model_id TEXT REFERENCES models(id) ON DELETE SET NULL,
  checkpoint_step INTEGER,
  crops INTEGER NOT NULL,
  answers TEXT NOT NULL,             -- JSON: [{ class, name, probability }] or { error }
  created_at INTEGER NOT NULL,
  photo_id TEXT REFERENCES photos(id) ON DELETE SET NULL,
  sweep_id TEXT REFERENCES sweeps(id) ON DELETE CASCADE,
  size_bytes INTEGER,                -- of the file that was read, in a sweep; with modified_at it tells a changed one
  modified_at INTEGER,
  class_name TEXT,                   -- the most probable class; NULL: an error
  probability REAL,                  -- its probability
  margin REAL,                       -- by how much it is more probable than the second: little is unsure
  entropy REAL                       -- of all classes, in nats: much is unsure; NULL where it was not kept
) STRICT;

INSERT INTO sweeps (id, identity, paths, model, crops, top, created_at, ended_at)
  SELECT jobs.id, 'job ' || jobs.id, json_extract(jobs.request, '$.paths'), json_extract(jobs.request, '$.model'),
    json_extract(jobs.request, '$.crops'), json_extract(jobs.request, '$.top'), jobs.created_at, jobs.ended_at
  FROM jobs WHERE jobs.kind = 'classify' AND EXISTS (SELECT 1 FROM predictions WHERE job_id = jobs.id);

INSERT INTO predictions_new (id, path, model, run_id, model_id, checkpoint_step, crops, answers, created_at, photo_id,
    sweep_id, class_name, probability, margin)
  SELECT id, path, model, run_id, model_id, checkpoint_step, crops, answers, created_at, photo_id,
    CASE WHEN row_number() OVER (PARTITION BY job_id, path ORDER BY id) = 1
      THEN (SELECT sweeps.id FROM sweeps WHERE sweeps.id = job_id) END,
    json_extract(answers, '$[0].name'), json_extract(answers, '$[0].probability'),
    json_extract(answers, '$[0].probability') - coalesce(json_extract(answers, '$[1].probability'), 0.0)
  FROM predictions ORDER BY id;

DROP TABLE predictions;
ALTER TABLE predictions_new RENAME TO predictions;
UPDATE jobs SET subject = id WHERE kind = 'classify' AND id IN (SELECT id FROM sweeps);

CREATE INDEX predictions_by_photo ON predictions (photo_id) WHERE photo_id IS NOT NULL;
CREATE UNIQUE INDEX predictions_by_sweep ON predictions (sweep_id, path) WHERE sweep_id IS NOT NULL;
CREATE INDEX predictions_of_sweep ON predictions (sweep_id, id) WHERE sweep_id IS NOT NULL;
CREATE INDEX predictions_by_time ON predictions (created_at DESC, id DESC);
-- Past answers are searched by any of these, and shown in the order of time, probability or margin.
CREATE INDEX predictions_by_class ON predictions (class_name, probability DESC, id);
CREATE INDEX predictions_by_probability ON predictions (probability DESC, id);
CREATE INDEX predictions_by_margin ON predictions (margin, id);
CREATE INDEX predictions_by_model ON predictions (model, created_at DESC, id DESC);
CREATE INDEX predictions_by_path ON predictions (path);
-- The unsure ones of a sweep, to be labelled first.
CREATE INDEX predictions_of_sweep_by_margin ON predictions (sweep_id, margin, id) WHERE sweep_id IS NOT NULL;
CREATE INDEX predictions_of_sweep_by_entropy ON predictions (sweep_id, entropy DESC, id) WHERE sweep_id IS NOT NULL;
