// Queries that run often or over much: each must go through an index, and none may sort what it found.
import { beforeEach, describe, expect, it } from 'vitest';
import type { SqlParameters, WritableDatabase } from './database.ts';
import { duplicateGroupsSql } from './duplicates.ts';
import { evaluationPageSql, evaluationsOfModelSql, evaluationsOfRunSql } from './evaluations.ts';
import { commandsFromSql, eventPageSql, newEventsSql } from './events.ts';
import {
  imagePageByClassSql,
  imagePageSql,
  imagesOfClassSql,
  skippedListSql,
  skippedPageSql,
} from './images.ts';
import { endedJobsSql, unfinishedJobsSql } from './jobs.ts';
import { labelPageSql, unsureSql } from './labels.ts';
import { curveSql, knownSteeredSql, lastMetricSql, metricPageSql, validationsSql } from './metrics.ts';
import { openDatabase } from './open-database.ts';
import { photoOfPathSql, photoPageSql } from './photos.ts';
import { distinctSql, searchSql } from './prediction-search.ts';
import {
  historySql,
  predictionPageSql,
  sweepPredictionsAfterSql,
  sweepPredictionsSql,
} from './predictions.ts';
import { runAlikeSql, runListSql } from './run-list.ts';
import { ownedRunsSql, runPageSql, runsOfDatasetSql } from './runs.ts';
import { keptAnswerSql, sweepListSql } from './sweeps.ts';

let db: WritableDatabase;

beforeEach(() => {
  db = openDatabase(':memory:');
  return () => db.close();
});

const few = { offset: 0, limit: 1 };
const page = { createdAt: 1, id: 'a', limit: 1 };

const queries: [name: string, sql: string, parameters: SqlParameters, expected: RegExp][] = [
  [
    'images',
    imagePageSql,
    ['d', 'train', 0, 1],
    /^SEARCH images USING PRIMARY KEY \(dataset_id=\? AND split=\? AND record>\?\)$/,
  ],
  [
    'images of a class',
    imagePageByClassSql,
    ['d', 'train', 0, 0, 1],
    /^SEARCH images USING INDEX images_by_class \(dataset_id=\? AND split=\? AND label=\? AND record>\?\)$/,
  ],
  [
    'skipped files',
    skippedPageSql,
    ['d', 'train', 0, 1],
    /USING INDEX skipped_files_by_dataset \(dataset_id=\? AND split=\? AND id>\?\)$/,
  ],
  ['metrics', metricPageSql, ['r', 0, 1], /^SEARCH metrics USING PRIMARY KEY \(run_id=\? AND step>\?\)$/],
  ['the last metric', lastMetricSql, ['r'], /^SEARCH metrics USING PRIMARY KEY \(run_id=\?\)$/],
  ['validations', validationsSql, ['r'], /^SEARCH validations USING PRIMARY KEY \(run_id=\?\)$/],
  [
    'events',
    eventPageSql,
    ['r', 0, 0, 1],
    /^SEARCH events USING INDEX events_by_run \(run_id=\? AND step>\?\)$/,
  ],
  ['new events', newEventsSql, [0, 'r', 1], /^SEARCH events USING INTEGER PRIMARY KEY \(rowid>\?\)$/],
  [
    'commands',
    commandsFromSql,
    ['r', 0],
    /^SEARCH events USING INDEX events_by_run \(run_id=\? AND step>\?\)$/,
  ],
  [
    'a known command',
    knownSteeredSql,
    ['r', 0, 1],
    /^SEARCH events USING INDEX events_by_run \(run_id=\? AND step=\?\)$/,
  ],
  ['runs', runPageSql, page, /^SEARCH runs USING INDEX runs_by_created/],
  [
    'runs of a data set',
    runsOfDatasetSql,
    ['d', 1],
    /^SEARCH runs USING INDEX runs_by_dataset \(dataset_id=\?\)$/,
  ],
  ['owned runs', ownedRunsSql, [], /^SEARCH runs USING INDEX runs_by_state \(state=\?\)$/],
  ['evaluations of a run', evaluationsOfRunSql, ['r'], /USING INDEX evaluations_by_run \(run_id=\?\)$/],
  [
    'evaluations of a model',
    evaluationsOfModelSql,
    ['m'],
    /USING INDEX evaluations_by_model \(model_id=\?\)$/,
  ],
  [
    'images of a part of a class',
    imagesOfClassSql,
    ['d', 'train', 0, 1, 0],
    /^SEARCH images USING INDEX images_by_class \(dataset_id=\? AND split=\? AND label=\?\)$/,
  ],
  [
    'skipped files by reason',
    skippedListSql,
    { datasetId: 'd', split: null, code: null, offset: 0, limit: 1 },
    /USING INDEX skipped_files_by_dataset \(dataset_id=\?\)$/,
  ],
  [
    'evaluations, newest first',
    evaluationPageSql({}),
    { offset: 0, limit: 1 },
    /^SCAN evaluations USING INDEX evaluations_by_time$/,
  ],
  ['photos', photoPageSql, [1, 0], /^SCAN photos USING INDEX photos_by_time$/],
  ['a photo by its path', photoOfPathSql, ['p'], /^SEARCH photos USING INDEX photos_by_path \(path=\?\)$/],
  ['the history', historySql, [1, 0], /^SCAN predictions USING INDEX predictions_by_time$/],
  [
    "a sweep's predictions",
    sweepPredictionsSql,
    { sweepId: 's', search: '', offset: 0, limit: 1 },
    /^SEARCH predictions USING INDEX predictions_of_sweep \(sweep_id=\?\)$/,
  ],
  [
    "a sweep's predictions after one",
    sweepPredictionsAfterSql,
    ['s', 1, 1],
    /^SEARCH predictions USING INDEX predictions_of_sweep \(sweep_id=\? AND id>\?\)$/,
  ],
  [
    'the answer of a file in a sweep',
    keptAnswerSql,
    ['s', 'p', 1, 1],
    /^SEARCH predictions USING INDEX predictions_by_sweep \(sweep_id=\? AND path=\?\)$/,
  ],
  ['labels', labelPageSql, ['a', 'p', 1], /^SEARCH labels USING COVERING INDEX labels_by_class/],
  ['sweeps', sweepListSql, [1], /^SCAN sweeps USING INDEX sweeps_by_time$/],
  ['ended jobs', endedJobsSql, [1], /^SEARCH jobs USING INDEX jobs_by_end \(ended_at>\?\)$/],
  [
    'duplicates',
    duplicateGroupsSql,
    ['d', 0, 1],
    /^SEARCH duplicate_images USING PRIMARY KEY \(dataset_id=\? AND group_number>\? AND group_number<\?\)$/,
  ],
  [
    'predictions',
    predictionPageSql,
    { ...page, id: 1 },
    /^SEARCH predictions USING INDEX predictions_by_time/,
  ],
];

/** `sorted`: what is found is not in the order asked for. */
const searches: readonly [
  name: string,
  asked: Parameters<typeof searchSql>,
  expected: RegExp,
  sorted: boolean,
][] = [
  [
    'of a class',
    [{ className: 'a' }, 'newest'],
    /COVERING INDEX predictions_by_class_and_time \(class_name=\?\)/,
    false,
  ],
  [
    'of a class, the most probable first',
    [{ className: 'a', least: 0.5 }, 'sure'],
    /COVERING INDEX predictions_by_class \(class_name=\? AND probability>\?\)/,
    false,
  ],
  [
    'of a class, the least sure first',
    [{ className: 'a' }, 'unsure'],
    /COVERING INDEX predictions_by_class_and_margin/,
    false,
  ],
  [
    'of a class and a model',
    [{ className: 'a', model: 'm' }, 'newest'],
    /COVERING INDEX predictions_by_class_and_time \(class_name=\?\)/,
    false,
  ],
  [
    'of a class and a time',
    [{ className: 'a', from: 1, to: 2 }, 'sure'],
    /predictions_by_class_and_time \(class_name=\? AND created_at>\? AND created_at<\?\)/,
    true,
  ],
  [
    'of a class and a folder',
    [{ className: 'a', folder: '/a' }, 'newest'],
    /predictions_by_class_and_path \(class_name=\? AND path>\? AND path<\?\)/,
    true,
  ],
  [
    'of a model',
    [{ model: 'm', from: 1 }, 'newest'],
    /predictions_by_model \(model=\? AND created_at>\?\)/,
    false,
  ],
  [
    'of a time',
    [{ from: 1, to: 2 }, 'newest'],
    /predictions_by_time \(created_at>\? AND created_at<\?\)/,
    false,
  ],
  [
    'with a probability',
    [{ least: 0.1, most: 0.2 }, 'sure'],
    /COVERING INDEX predictions_by_probability \(probability>\? AND probability<\?\)/,
    false,
  ],
  [
    'with a probability, the newest first',
    [{ most: 0.1 }, 'newest'],
    /predictions_by_probability \(probability<\?\)/,
    true,
  ],
  ['that are least sure', [{}, 'unsure'], /COVERING INDEX predictions_by_margin/, false],
  ['of a folder', [{ folder: '/a' }, 'newest'], /predictions_by_path \(path>\? AND path<\?\)/, true],
  // Where much fits, rows come in the order asked for, and those that do not fit are passed over.
  [
    'of a large folder',
    [{ folder: '/a' }, 'newest', true],
    /^SCAN predictions USING INDEX predictions_by_time$/,
    false,
  ],
  ['of a busy model', [{ model: 'm' }, 'sure', true], /predictions_by_probability/, false],
];

describe('query plans', () => {
  it.each(queries)('%s go through an index in its order', (_name, sql, parameters, expected) => {
    expect(db.plan(sql, parameters)).toEqual([expect.stringMatching(expected)]);
  });

  it('a curve reads its own run and range only, and groups in memory', () => {
    expect(db.plan(curveSql, { runId: 'r', from: 1, to: 9, width: 2 })).toEqual([
      'SEARCH metrics USING PRIMARY KEY (run_id=? AND step>? AND step<?)',
      'USE TEMP B-TREE FOR GROUP BY',
      'USE TEMP B-TREE FOR ORDER BY',
    ]);
  });

  it('the list of runs reads small rows only, and sorts them unless they come in its order', () => {
    const filter = { search: '', states: null, datasetId: null, preset: null, tag: null, starred: null };
    const plan = (sort: 'createdAt' | 'loss') =>
      db.plan(runListSql(sort, true), { ...filter, offset: 0, limit: 1 });
    expect(plan('createdAt')[0]).toMatch(/^SCAN runs USING INDEX runs_by_created$/);
    expect(plan('createdAt')).not.toContain('USE TEMP B-TREE FOR ORDER BY');
    expect(plan('loss')).toContain('USE TEMP B-TREE FOR ORDER BY');
    const columns = db.all<{ name: string }>('columns', "SELECT name FROM pragma_table_info('runs')");
    expect(columns.map(({ name }) => name)).not.toContain('config');
  });

  it('evaluations of a run, also those that it is averaged in, are looked up', () => {
    const plan = db.plan(evaluationPageSql({ runId: 'r' }), { runId: 'r', offset: 0, limit: 1 });
    expect(plan.join()).toContain('evaluations_by_run (run_id=?)');
    expect(plan.join()).toContain('evaluation_members_by_run (run_id=?)');
    expect(plan.join()).not.toContain('SCAN');
  });

  it('the run that a time is told by is looked for among the newest, their recipes by key', () => {
    const place = { devices: '', parallelism: '', precision: '', threads: 0 };
    const plan = db.plan(runAlikeSql, { among: 1, steps: 1, ...place });
    expect(plan).toContainEqual(expect.stringMatching(/^SCAN runs USING (COVERING )?INDEX runs_by_created$/));
    expect(plan).toContainEqual(expect.stringMatching(/^SEARCH run_recipes USING .*\(run_id=\?\)$/));
  });

  it('images are removed in parts, found by their data set', () => {
    const sql = 'SELECT dataset_id, split, record FROM images WHERE dataset_id = ? LIMIT ?';
    expect(db.plan(sql, ['d', 1])[0]).toMatch(/^SEARCH images USING .*\(dataset_id=\?\)$/);
  });

  it('the queue is read by state', () => {
    expect(db.plan(unfinishedJobsSql)[0]).toMatch(/^SEARCH jobs USING INDEX jobs_by_state \(state=\?\)$/);
  });

  it.each(searches)(
    'past answers %s are found by an index',
    (_name, [filter, order, many], expected, sorted) => {
      const { folder, ...rest } = filter;
      const ends = folder === undefined ? {} : { begin: `${folder}/`, end: `${folder}0` };
      const sort = 'USE TEMP B-TREE FOR ORDER BY';
      // The ids of a page, in order; its rows by their ids; the page is sorted again.
      expect(db.plan(searchSql(filter, order, many), { ...rest, ...ends, ...few })).toEqual([
        'SEARCH predictions USING INTEGER PRIMARY KEY (rowid=?)',
        expect.stringContaining('SUBQUERY'),
        expect.stringMatching(expected),
        ...(sorted ? [sort] : []),
        sort,
      ]);
    },
  );

  it.each(['class_name', 'model'] as const)('each %s is jumped to', (column) => {
    const plan = db.plan(distinctSql(column)).join('\n');
    expect(plan).toMatch(/SEARCH predictions USING COVERING INDEX/);
    expect(plan).not.toContain('SCAN predictions');
  });

  it.each(['margin', 'entropy'] as const)('photos to label come in the order of their %s', (order) => {
    const plan = db.plan(unsureSql(order), ['s', 1]);
    expect(plan[0]).toMatch(new RegExp(`USING INDEX predictions_of_sweep_by_${order} \\(sweep_id=\\?\\)`));
    expect(plan.join()).not.toContain('B-TREE');
  });

  it('names and paths that are looked up have an index', () => {
    for (const sql of [
      'SELECT * FROM datasets WHERE name = ?',
      'SELECT * FROM models WHERE name = ?',
      'SELECT * FROM runs WHERE name = ? ORDER BY created_at DESC LIMIT 1',
    ]) {
      expect(db.plan(sql, ['x'])).toEqual([expect.stringMatching(/^SEARCH .* \(name=\?\)$/)]);
    }
  });
});
