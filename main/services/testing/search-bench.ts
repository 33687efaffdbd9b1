// How long searches over a million past photos take, each filter in each order: `npm run bench:search [-- DIR]`.
// The database is kept in DIR, else made anew and removed. 300 ms is the goal for each first page; the last one of what
// can be scrolled to is told beside it.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WritableDatabase } from '../../data/database.ts';
import { openDatabase } from '../../data/open-database.ts';
import {
  type PredictionFilter,
  type PredictionOrder,
  predictionFacets,
  searchPredictions,
} from '../../data/prediction-search.ts';
import { insertPredictions, type NewPrediction } from '../../data/predictions.ts';

const sizes = { photos: 1_000_000, classes: 1000, models: 4, folders: 200 };
const goalMs = 300;
const pageSize = 100;
const day = 86_400_000;
const began = Date.UTC(2026, 0, 1);

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** The same numbers at every start. */
function scattered(i: number, salt: number): number {
  const x = Math.sin(i * 12.9898 + salt * 78.233) * 43758.5453;
  return x - Math.floor(x);
}

/** Some classes are had a lot, as in anybody's photos; answers lie all over a year, a folder after the other. */
function photo(i: number): NewPrediction {
  const label = Math.floor(sizes.classes * scattered(i, 1) ** 3);
  const probability = scattered(i, 2) ** 0.5;
  const second = (1 - probability) * scattered(i, 3);
  const folder = Math.floor((i * sizes.folders) / sizes.photos);
  const answers = Array.from({ length: 5 }, (_, rank) => ({
    class: (label + rank) % sizes.classes,
    name: `a thing of class ${(label + rank) % sizes.classes}`,
    probability: rank === 0 ? probability : second / rank,
  }));
  return {
    path: `/photos/${Math.floor(folder / 10)}/${folder}/${i}.jpg`,
    model: `model ${Math.floor(scattered(folder, 4) * sizes.models)}`,
    runId: null,
    modelId: null,
    checkpointStep: 1,
    crops: 1,
    answers: i % 500 === 0 ? { error: { code: 'CORRUPT_IMAGE', message: 'damaged' } } : answers,
    createdAt: began + Math.floor((i * 365 * day) / sizes.photos),
    entropy: 1 - probability,
  };
}

function make(db: WritableDatabase): void {
  const from = performance.now();
  for (let first = 0; first < sizes.photos; first += 20_000) {
    insertPredictions(
      db,
      Array.from({ length: 20_000 }, (_, i) => photo(first + i)),
    );
  }
  say(`${sizes.photos} photos in ${((performance.now() - from) / 1000).toFixed(0)} s`);
}

const common = 'a thing of class 0';
const rare = 'a thing of class 990';
const filters: readonly [name: string, filter: PredictionFilter][] = [
  ['everything', {}],
  ['a common class', { className: common }],
  ['a rare class', { className: rare }],
  ['a common class, surely', { className: common, least: 0.9 }],
  ['a common class, unsure', { className: common, most: 0.3 }],
  ['a rare class, unsure', { className: rare, most: 0.3 }],
  ['probability 0.50 to 0.51', { least: 0.5, most: 0.51 }],
  ['probability to 0.01', { most: 0.01 }],
  ['a model', { model: 'model 1' }],
  ['a model and a common class', { model: 'model 1', className: common }],
  ['a model, surely', { model: 'model 1', least: 0.99 }],
  ['a day', { from: began + 100 * day, to: began + 101 * day }],
  ['a day and a common class', { from: began + 100 * day, to: began + 101 * day, className: common }],
  ['half a year', { from: began + 100 * day, to: began + 280 * day }],
  ['a folder', { folder: '/photos/7/71' }],
  ['a large folder', { folder: '/photos/7' }],
  ['a folder and a class', { folder: '/photos/7', className: common }],
  ['all folders and a rare class', { folder: '/photos', className: rare }],
  ['all folders', { folder: '/photos' }],
  ['no such class', { className: 'nothing' }],
];

function measure(db: WritableDatabase): boolean {
  let good = true;
  const elapsed = (work: () => void) => {
    const from = performance.now();
    work();
    return performance.now() - from;
  };
  const tell = (name: string, elapsedMs: number, more = '') => {
    if (elapsedMs > goalMs) good = false;
    say(
      `${name.padEnd(44)} ${elapsedMs.toFixed(1).padStart(7)} ms${elapsedMs > goalMs ? ' (over the goal)' : ''}${more}`,
    );
  };
  tell(
    'the classes and models to choose from',
    elapsed(() => predictionFacets(db)),
  );
  const orders: readonly PredictionOrder[] = ['newest', 'sure', 'unsure'];
  for (const [name, filter] of filters) {
    for (const order of orders) {
      const page = (offset: number) =>
        searchPredictions(db, filter, order, { offset, limit: pageSize }).total;
      let total = 0;
      const first = elapsed(() => {
        total = page(0);
      });
      const last = elapsed(() => page(Math.max(0, total - pageSize)));
      tell(`${name}, ${order}`, first, `  ${total} found, the last page ${last.toFixed(1)} ms`);
    }
  }
  return good;
}

const given = process.argv[2];
const folder = given ?? mkdtempSync(join(tmpdir(), 'alexnet-search-'));
try {
  const file = join(folder, 'studio.sqlite');
  const isNew = !existsSync(file);
  const db = openDatabase(file, { log: () => {} });
  if (isNew) make(db);
  process.exitCode = measure(db) ? 0 : 1;
  db.close();
} finally {
  if (given === undefined) rmSync(folder, { recursive: true, force: true });
}
