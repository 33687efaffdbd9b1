-- What people do with classified photos: label them, watch folders, sort them into class folders.

CREATE TABLE labels (
  path TEXT PRIMARY KEY,             -- absolute
  class_name TEXT,                   -- what the user says it is; NULL: passed over
  prediction_id INTEGER REFERENCES predictions(id) ON DELETE SET NULL,
  labelled_at INTEGER NOT NULL
) STRICT;
CREATE INDEX labels_by_class ON labels (class_name, path) WHERE class_name IS NOT NULL;
CREATE INDEX labels_by_time ON labels (labelled_at DESC, path);
CREATE INDEX labels_by_prediction ON labels (prediction_id) WHERE prediction_id IS NOT NULL;

CREATE TABLE watched_folders (
  id TEXT PRIMARY KEY,
  sweep_id TEXT NOT NULL UNIQUE REFERENCES sweeps(id) ON DELETE CASCADE,
  active INTEGER NOT NULL,           -- watched while the application runs
  created_at INTEGER NOT NULL
) STRICT;

-- A sorting: each photo with where it goes. Planned whole before anything is touched; what was done is what can be
-- taken back.
CREATE TABLE sortings (
  id TEXT PRIMARY KEY,
  sweep_id TEXT NOT NULL REFERENCES sweeps(id) ON DELETE CASCADE,
  settings TEXT NOT NULL,            -- JSON
  created_at INTEGER NOT NULL,
  applied_at INTEGER                 -- when it began
) STRICT;
CREATE INDEX sortings_by_sweep ON sortings (sweep_id, created_at);
CREATE TABLE sorted_files (
  sorting_id TEXT NOT NULL REFERENCES sortings(id) ON DELETE CASCADE,
  source TEXT NOT NULL,
  target TEXT,                       -- NULL: it stays
  folder TEXT NOT NULL,              -- the class folder; '': none
  size_bytes INTEGER NOT NULL,
  modified_at INTEGER,
  state TEXT NOT NULL CHECK (state IN ('planned', 'left', 'begun', 'done', 'skipped', 'failed')),
  note TEXT NOT NULL,                -- a collision, or why it was left, skipped or failed
  PRIMARY KEY (sorting_id, source)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX sorted_files_by_target ON sorted_files (sorting_id, target) WHERE target IS NOT NULL;
CREATE INDEX sorted_files_by_state ON sorted_files (sorting_id, state, source);
CREATE INDEX sorted_files_by_folder ON sorted_files (sorting_id, folder, state);
