-- Which run or model a run starts from, by its id: a name may be given to another one later, as runs.init has it.
ALTER TABLE run_recipes ADD COLUMN init TEXT NOT NULL DEFAULT '';  -- MODEL; empty: none, or made by an older version
