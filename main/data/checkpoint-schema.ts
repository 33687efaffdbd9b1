// The tables of a run's checkpoint file.

/** PRAGMA user_version of the files this application writes. */
export const checkpointVersion = 1;

export const checkpointSchema = `
CREATE TABLE checkpoints (
  id INTEGER PRIMARY KEY AUTOINCREMENT,   -- never used again, so that an id names one checkpoint for ever
  step INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  reason TEXT NOT NULL,
  state TEXT NOT NULL,                    -- JSON of the engine: what a resume needs besides the tensors
  validation TEXT,                        -- JSON: ValidationRecord, at the end of an epoch
  best INTEGER NOT NULL DEFAULT 0,        -- lowest validation top-1 error so far; one row at most
  complete INTEGER NOT NULL DEFAULT 0,    -- set last, in the transaction that wrote the rest
  size_bytes INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX checkpoints_by_step ON checkpoints (step, id);

CREATE TABLE tensors (
  id INTEGER PRIMARY KEY,
  checkpoint_id INTEGER NOT NULL REFERENCES checkpoints(id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  shape TEXT NOT NULL,                    -- JSON: e.g. [96,3,11,11]
  sha256 TEXT NOT NULL,                   -- of all its bytes
  UNIQUE (checkpoint_id, name)
) STRICT;

-- Little-endian fp32, at most 16 MB a row. start counts values, not bytes.
CREATE TABLE chunks (
  id INTEGER PRIMARY KEY,
  tensor_id INTEGER NOT NULL REFERENCES tensors(id) ON DELETE CASCADE,
  start INTEGER NOT NULL,
  bytes BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX chunks_by_tensor ON chunks (tensor_id, start);

-- What training told since the checkpoint before, so that a parent that died can be told again. A row outlives
-- its checkpoint: it goes when the parent has stored it.
CREATE TABLE records (
  checkpoint_id INTEGER PRIMARY KEY,
  payload TEXT NOT NULL                   -- JSON: TrainingRecord[]
) STRICT;
`;
