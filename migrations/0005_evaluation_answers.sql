-- What was answered to every image leaves the summaries' JSON for blocks of binary rows, so that a report of a million
-- images opens without reading them. Error bars, and how ties were counted.

CREATE TABLE evaluation_answers (
  evaluation_id TEXT NOT NULL REFERENCES evaluations(id) ON DELETE CASCADE,
  block INTEGER NOT NULL,            -- images [block * 8192, ...), in pack order
  answers BLOB NOT NULL,             -- main/api/evaluation-answers.ts
  PRIMARY KEY (evaluation_id, block)
) STRICT;

ALTER TABLE evaluations ADD COLUMN ties TEXT NOT NULL DEFAULT 'first' CHECK (ties IN ('first', 'fraction'));
-- 95 % intervals; NULL where an evaluation is older than they.
ALTER TABLE evaluations ADD COLUMN top1_from REAL;
ALTER TABLE evaluations ADD COLUMN top1_to REAL;
ALTER TABLE evaluations ADD COLUMN top5_from REAL;
ALTER TABLE evaluations ADD COLUMN top5_to REAL;
