// Every filter in every order against the same search written out in JavaScript.
import { describe, expect, it } from 'vitest';
import { openDatabase } from './open-database.ts';
import {
  type PredictionFilter,
  type PredictionOrder,
  searchPredictions,
  searchSql,
} from './prediction-search.ts';
import { insertPredictions } from './predictions.ts';

interface Row {
  id: number;
  path: string;
  model: string;
  className: string | null;
  probability: number;
  margin: number;
  createdAt: number;
}

const rows: Row[] = Array.from({ length: 600 }, (_, i) => {
  const probability = ((i * 37) % 100) / 100;
  return {
    id: i + 1,
    path: `/photos/${i % 7}${i % 3 === 0 ? '' : '/deep'}/${i}.jpg`,
    model: `model ${(i * 5) % 4}`,
    className: i % 11 === 0 ? null : `class ${(i * i) % 5}`,
    probability,
    margin: probability - (1 - probability) / 2,
    // Some at the same moment.
    createdAt: 1000 + Math.floor(i / 3),
  };
});

const db = openDatabase(':memory:');
insertPredictions(
  db,
  rows.map(({ path, model, className, probability, createdAt }) => ({
    path,
    model,
    runId: null,
    modelId: null,
    checkpointStep: 1,
    crops: 1 as const,
    answers:
      className === null
        ? { error: { code: 'CORRUPT_IMAGE', message: 'damaged' } }
        : [
            { class: 1, name: className, probability },
            { class: 2, name: 'other', probability: (1 - probability) / 2 },
          ],
    createdAt,
  })),
);

const filters: readonly PredictionFilter[] = [
  {},
  { className: 'class 1' },
  { className: 'class 4', model: 'model 1' },
  { className: 'class 1', from: 1050, to: 1100 },
  { className: 'class 0', folder: '/photos/3' },
  { className: 'nothing' },
  { least: 0.25, most: 0.5 },
  { most: 0.02 },
  { model: 'model 3' },
  { model: 'model 3', least: 0.9 },
  { from: 1100 },
  { to: 1010, most: 0.5 },
  { folder: '/photos/3/' },
  { folder: '/photos' },
  { folder: '/photos', model: 'model 2', most: 0.7, from: 1001, to: 1190, className: 'class 4' },
];

function found(filter: PredictionFilter, order: PredictionOrder): number[] {
  const { className, least = 0, most = 1, model, from = 0, to = Number.MAX_VALUE, folder = '' } = filter;
  const below = `${folder.replace(/\/$/, '')}/`;
  const orders = {
    newest: (a: Row, b: Row) => b.createdAt - a.createdAt || b.id - a.id,
    sure: (a: Row, b: Row) => b.probability - a.probability || a.id - b.id,
    unsure: (a: Row, b: Row) => a.margin - b.margin || a.id - b.id,
  };
  return rows
    .filter((row) => row.className !== null && (className ?? row.className) === row.className)
    .filter(
      (row) => row.probability >= least && row.probability <= most && (model ?? row.model) === row.model,
    )
    .filter((row) => row.createdAt >= from && row.createdAt <= to && row.path.startsWith(below))
    .sort(orders[order])
    .map(({ id }) => id);
}

describe.each(['newest', 'sure', 'unsure'] as const)('past answers, %s first', (order) => {
  it.each(filters)('that fit %j are those, page by page', (filter) => {
    const all = found(filter, order);
    const ids: number[] = [];
    for (let offset = 0; offset === 0 || offset < all.length; offset += 100) {
      const { total, predictions } = searchPredictions(db, filter, order, { offset, limit: 100 });
      expect(total).toBe(all.length);
      ids.push(...predictions.map(({ id }) => id));
    }
    expect(ids).toEqual(all);
  });

  it.each(filters)('that fit %j are the same where many do', (filter) => {
    const { folder, ...rest } = filter;
    const begin = folder?.replace(/\/$/, '');
    const ends = begin === undefined ? {} : { begin: `${begin}/`, end: `${begin}0` };
    const page = { ...rest, ...ends, offset: 3, limit: 50 };
    const some = db.all<{ id: number }>('search', searchSql(filter, order, true), page);
    expect(some.map(({ id }) => id)).toEqual(found(filter, order).slice(3, 53));
  });
});
