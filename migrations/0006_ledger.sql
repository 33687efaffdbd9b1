-- The ledger: which runs belong to which plan of it. What they say is read from runs, metrics and evaluations.

CREATE TABLE ledger_plans (
  id TEXT PRIMARY KEY,
  dataset_id TEXT REFERENCES datasets(id) ON DELETE SET NULL,
  dataset_name TEXT NOT NULL,
  identity TEXT NOT NULL UNIQUE,     -- what two plans differ in: data set, preset, scale, devices, precision
  settings TEXT NOT NULL,            -- JSON: LedgerSettings
  active INTEGER NOT NULL DEFAULT 0, -- 1: what is missing is to be run
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX ledger_plans_by_dataset ON ledger_plans (dataset_id);

CREATE TABLE ledger_runs (
  plan_id TEXT NOT NULL REFERENCES ledger_plans(id) ON DELETE CASCADE,
  recipe TEXT NOT NULL,              -- 'baseline', 'no-lrn', ...
  seed INTEGER NOT NULL,
  run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
  PRIMARY KEY (plan_id, recipe, seed)
) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_runs_by_run ON ledger_runs (run_id);
