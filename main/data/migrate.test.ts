import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findDataset, listClasses } from './datasets.ts';
import { readAnswers } from './evaluation-answers.ts';
import { getEvaluation, listEvaluationsOfRun } from './evaluations.ts';
import { listMetrics, storeTraining } from './metrics.ts';
import { readMigrations } from './migrate.ts';
import { openDatabase } from './open-database.ts';
import { getRun, getRunRecipe } from './runs.ts';
import { refusal } from './test-errors.ts';
import { temporaryFolder } from './test-files.ts';
import { addDataset, addRun, newRun, step } from './test-rows.ts';

const ownFolder = fileURLToPath(new URL('../../migrations/', import.meta.url));

interface Place {
  path: string;
  migrationsFolder: string;
  add(name: string, sql: string): void;
}

/** A folder with the application's migrations, to which more can be added. */
function place(): Place {
  const folder = temporaryFolder();
  const migrationsFolder = join(folder, 'migrations');
  mkdirSync(migrationsFolder);
  for (const name of readdirSync(ownFolder))
    copyFileSync(join(ownFolder, name), join(migrationsFolder, name));
  return {
    path: join(folder, 'studio.sqlite'),
    migrationsFolder,
    add: (name, sql) => writeFileSync(join(migrationsFolder, name), sql),
  };
}

const released = readMigrations().length;

/** Four digits: `ahead` migrations after those of the application. */
function numbered(ahead: number): string {
  return String(released + ahead).padStart(4, '0');
}

function schemaOf(path: string): unknown {
  const raw = new DatabaseSync(path, { readOnly: true });
  try {
    const objects = raw.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY type, name').all();
    return { version: raw.prepare('PRAGMA user_version').get(), objects };
  } finally {
    raw.close();
  }
}

describe('migrate', () => {
  it('makes the newest schema from an empty file', () => {
    const { path } = place();
    writeFileSync(path, '');
    const db = openDatabase(path);
    const applied = db.all('applied', 'SELECT number, name, sha256 FROM schema_migrations');
    expect(applied).toEqual(readMigrations().map(({ number, name, sha256 }) => ({ number, name, sha256 })));
    expect(db.pragma('user_version')).toBe(readMigrations().length);
    db.close();
  });

  it('makes no backup of a new file', () => {
    const { path } = place();
    openDatabase(path).close();
    expect(readdirSync(join(path, '..')).filter((name) => name.includes('backup'))).toEqual([]);
  });

  it('keeps the rows of a populated older file, and a backup of it', () => {
    const { path, migrationsFolder, add } = place();
    const old = openDatabase(path, { migrationsFolder });
    addDataset(old);
    addRun(old);
    storeTraining(old, 'r1', [step(1), step(2)], 1);
    old.close();

    // What a later version may do: a new column, and a table made anew under its children.
    add(`${numbered(1)}_more.sql`, "ALTER TABLE runs ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue';");
    add(
      `${numbered(2)}_rebuild.sql`,
      `CREATE TABLE settings_new (key TEXT PRIMARY KEY, value TEXT NOT NULL, at INTEGER) STRICT;
       INSERT INTO settings_new (key, value) SELECT key, value FROM settings;
       DROP TABLE settings;
       ALTER TABLE settings_new RENAME TO settings;
       CREATE TABLE datasets_new AS SELECT * FROM datasets;
       DELETE FROM datasets;
       INSERT INTO datasets SELECT * FROM datasets_new;
       DROP TABLE datasets_new;`,
    );
    const db = openDatabase(path, { migrationsFolder });
    expect(db.pragma('user_version')).toBe(released + 2);
    expect(db.pragma('foreign_keys')).toBe(1);
    expect(findDataset(db, 'birds')?.trainImages).toBe(50);
    expect(listClasses(db, 'd1')).toHaveLength(10);
    expect(getRun(db, 'r1')).toMatchObject({ name: 'run r1', step: 2 });
    expect(getRunRecipe(db, 'r1')?.config).toEqual(newRun('r1').config);
    expect(listMetrics(db, 'r1').map((metric) => metric.step)).toEqual([1, 2]);
    expect(db.get('colour', 'SELECT colour FROM runs')).toEqual({ colour: 'blue' });
    db.close();

    const backup = `${path}.backup-${numbered(0)}`;
    expect(statSync(backup).mode & 0o777).toBe(0o600);
    const before = new DatabaseSync(backup, { readOnly: true });
    expect(before.prepare('PRAGMA user_version').get()).toEqual({ user_version: released });
    expect(before.prepare('SELECT count(*) AS n FROM metrics').get()).toEqual({ n: 2 });
    before.close();
    expect(statSync(`${path}.backup-${numbered(1)}`).size).toBeGreaterThan(0);
  });

  it('keeps runs and evaluations of the first version, whose large texts lay in their rows', () => {
    const folder = temporaryFolder();
    const first = join(folder, 'first');
    mkdirSync(first);
    copyFileSync(join(ownFolder, '0001_initial.sql'), join(first, '0001_initial.sql'));
    const path = join(folder, 'studio.sqlite');
    const old = openDatabase(path, { migrationsFolder: first });
    addDataset(old);
    const { id, name, datasetId, datasetName, preset, config, labels, preprocessing } = newRun('r1');
    old.insert(
      'old run',
      `INSERT INTO runs (id, name, state, dataset_id, dataset_name, preset, config, labels, preprocessing, created_at)
       VALUES (?, ?, 'finished', ?, ?, ?, ?, ?, ?, 1)`,
      [
        id,
        name,
        datasetId,
        datasetName,
        preset,
        ...[config, labels, preprocessing].map((value) => JSON.stringify(value)),
      ],
    );
    storeTraining(old, 'r1', [step(1)], 1);
    const summary = {
      images: 1,
      loss: null,
      top1Error: 0,
      top5Error: 0,
      classImages: [1],
      classTop5Hits: [1],
      confusion: [[0, 0, 1]],
      top5: [[0, -1, -1, -1, -1]],
      top5Probability: [[1, 0, 0, 0, 0]],
      trueProbability: [1],
    };
    old.insert(
      'old evaluation',
      `INSERT INTO evaluations (id, run_id, dataset_id, dataset_name, split, crops, images, top1_error, top5_error,
         summary, elapsed_ms, created_at) VALUES ('e1', 'r1', 'd1', 'birds', 'val', 1, 1, 0, 0, ?, 5, 6)`,
      [JSON.stringify(summary)],
    );
    old.close();

    const db = openDatabase(path);
    expect(getRun(db, 'r1')).toMatchObject({ name: 'run r1', state: 'finished', step: 1 });
    expect(getRunRecipe(db, 'r1')).toEqual({ config, labels, preprocessing });
    expect(listMetrics(db, 'r1')).toHaveLength(1);
    // What was answered to the images leaves the summary when it is first opened.
    const { top5: _, top5Probability: __, trueProbability: ___, ...counts } = summary;
    const converted = { ...counts, loss: Number.NaN, top1Interval: null, top5Interval: null };
    for (let opened = 0; opened < 2; opened++) {
      const kept = getEvaluation(db, 'e1')?.summary;
      expect(kept).toMatchObject(converted);
      expect(kept?.calibration.at(-1)).toEqual([1, 1, 1]);
      expect(kept).not.toHaveProperty('top5');
    }
    const answers = readAnswers(db, { id: 'e1', images: 1 });
    expect([...answers.top5]).toEqual([0, -1, -1, -1, -1]);
    expect([...answers.labels]).toEqual([-1]);
    expect(listEvaluationsOfRun(db, 'r1')).toMatchObject([{ id: 'e1', elapsedMs: 5, createdAt: 6 }]);
    db.close();
  });

  it.each([
    [
      'an error in its middle',
      'CREATE TABLE half (a INTEGER) STRICT; DELETE FROM metrics; CREATE TABLE runs (a);',
    ],
    ['no SQL', 'CREATE TABLE half (a INTEGER) STRICT; this is no SQL;'],
    ['a commit of its own', 'CREATE TABLE half (a INTEGER) STRICT; ROLLBACK;'],
    ['a broken reference', "DELETE FROM datasets; UPDATE runs SET dataset_id = 'nowhere';"],
  ])('rolls back a file with %s as a whole', (_what, sql) => {
    const { path, migrationsFolder, add } = place();
    const old = openDatabase(path, { migrationsFolder });
    addDataset(old);
    addRun(old);
    storeTraining(old, 'r1', [step(1)], 1);
    old.close();
    const before = schemaOf(path);

    add(`${numbered(1)}_broken.sql`, sql);
    refusal(() => openDatabase(path, { migrationsFolder }));
    expect(schemaOf(path)).toEqual(before);

    add(`${numbered(1)}_broken.sql`, 'CREATE TABLE whole (a INTEGER) STRICT;');
    const db = openDatabase(path, { migrationsFolder });
    expect(db.pragma('user_version')).toBe(released + 1);
    expect(listMetrics(db, 'r1')).toHaveLength(1);
    db.close();
  });

  it('refuses a migration that was edited after it was applied', () => {
    const { path, migrationsFolder, add } = place();
    add(`${numbered(1)}_more.sql`, 'CREATE TABLE more (a INTEGER) STRICT;');
    openDatabase(path, { migrationsFolder }).close();
    add(`${numbered(1)}_more.sql`, 'CREATE TABLE more (a INTEGER, b INTEGER) STRICT;');
    expect(refusal(() => openDatabase(path, { migrationsFolder })).message).toContain(
      `${numbered(1)}_more.sql was edited`,
    );
  });

  it('refuses a file that a migration of another name was applied to', () => {
    const { path, migrationsFolder } = place();
    openDatabase(path, { migrationsFolder }).close();
    const raw = new DatabaseSync(path);
    raw.exec("UPDATE schema_migrations SET name = '0001_other.sql'");
    raw.close();
    expect(refusal(() => openDatabase(path, { migrationsFolder })).message).toContain(
      '0001_other.sql was applied, but is not part of this application',
    );
  });

  it('refuses a file whose version and recorded migrations disagree', () => {
    const { path, migrationsFolder } = place();
    openDatabase(path, { migrationsFolder }).close();
    const raw = new DatabaseSync(path);
    raw.exec('DELETE FROM schema_migrations');
    raw.close();
    expect(refusal(() => openDatabase(path, { migrationsFolder })).code).toBe('CORRUPT_DATABASE');
  });

  it.each([
    [`${numbered(2)}_gap.sql`],
    ['0001_twice.sql'],
    ['2_short.sql'],
    ['0002-dash.sql'],
    ['0000_zero.sql'],
  ])('refuses the file name %s', (name) => {
    const { path, migrationsFolder, add } = place();
    add(name, 'SELECT 1;');
    expect(refusal(() => openDatabase(path, { migrationsFolder })).code).toBe('INTERNAL');
  });

  it('hashes what is in the repository', () => {
    for (const { name, sql } of readMigrations())
      expect(sql).toBe(readFileSync(join(ownFolder, name), 'utf8'));
  });
});
