-- An event's id is never given twice, so that "everything after this id" leaves nothing out when a resume has
-- removed the last ones.
CREATE TABLE events_new (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
  step INTEGER NOT NULL,
  kind TEXT NOT NULL,                -- 'command', 'checkpoint', 'started', 'resumed', 'ended', 'interrupted'
  payload TEXT NOT NULL,             -- JSON
  at INTEGER NOT NULL
) STRICT;
INSERT INTO events_new SELECT id, run_id, step, kind, payload, at FROM events;
DROP TABLE events;
ALTER TABLE events_new RENAME TO events;
CREATE INDEX events_by_run ON events (run_id, step, id);
