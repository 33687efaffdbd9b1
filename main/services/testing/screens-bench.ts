// How long the services take to open each screen over a large history: 5,000 runs, 5 million metric points, 1,000
// classes, 1.3 million images. Prints a line an operation; 300 ms is the goal for each.
//
//   npm run bench:screens [-- DIR]     the data directory is kept in DIR, else made anew and removed
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { countCalibration } from '../../api/calibration.ts';
import type { EvaluationSummary } from '../../api/evaluation.ts';
import { emptyAnswers, encodeBlocks } from '../../api/evaluation-answers.ts';
import { openDataDirectory } from '../../data/data-directory.ts';
import type { WritableDatabase } from '../../data/database.ts';
import { finishDataset, insertDataset } from '../../data/datasets.ts';
import { insertEvaluation } from '../../data/evaluations.ts';
import { insertImages, type NewImage } from '../../data/images.ts';
import { storeTraining } from '../../data/metrics.ts';
import { openDatabase } from '../../data/open-database.ts';
import { insertPredictions } from '../../data/predictions.ts';
import { editRun, endRun, insertRun } from '../../data/runs.ts';
import { newRun, source, step, validation } from '../../data/test-rows.ts';
import { loadAddon } from '../../engine/load-addon.ts';
import { Studio } from '../studio.ts';

const sizes = { runs: 5000, stepsARun: 1000, classes: 1000, trainImages: 1_280_000, valImages: 50_000 };
const goalMs = 300;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function* images(count: number): Generator<NewImage> {
  for (let record = 0; record < count; record++) {
    const label = Math.floor((record * sizes.classes) / count);
    yield { record, label, path: `n${String(label).padStart(8, '0')}/n${record}.JPEG` };
  }
}

function* chunks<T>(all: Iterable<T>, size: number): Generator<T[]> {
  let chunk: T[] = [];
  for (const one of all) {
    chunk.push(one);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  yield chunk;
}

function addDataset(db: WritableDatabase): void {
  insertDataset(db, { id: 'd1', name: 'imagenet', source, createdAt: 1 });
  for (const [split, count] of [
    ['train', sizes.trainImages],
    ['val', sizes.valImages],
  ] as const) {
    for (const chunk of chunks(images(count), 50_000)) insertImages(db, 'd1', split, chunk);
  }
  finishDataset(db, 'd1', {
    classes: Array.from({ length: sizes.classes }, (_, label) => ({
      label,
      folder: `n${String(label).padStart(8, '0')}`,
      name: `a thing of class ${label}`,
      trainImages: sizes.trainImages / sizes.classes,
      valImages: sizes.valImages / sizes.classes,
    })),
    trainImages: sizes.trainImages,
    valImages: sizes.valImages,
    statistics: {
      meanRgb: [1, 2, 3],
      covariance: [1, 0, 0, 0, 1, 0, 0, 0, 1],
      eigenvalues: [3, 2, 1],
      eigenvectors: [1, 0, 0, 0, 1, 0, 0, 0, 1],
    },
    sizeBytes: 1,
    updatedAt: 2,
  });
}

function addRuns(db: WritableDatabase): void {
  const labels = Array.from({ length: sizes.classes }, (_, label) => `a thing of class ${label}`);
  for (let i = 0; i < sizes.runs; i++) {
    const id = `r${i}`;
    db.transaction(() => {
      insertRun(
        db,
        newRun(id, { labels, createdAt: 1000 + i, preset: i % 3 === 0 ? 'paper-2012' : 'alexnet' }),
      );
      const steps = Array.from({ length: sizes.stepsARun }, (_, at) => step(at + 1));
      storeTraining(db, id, [...steps, validation(1), validation(2)], 1);
      endRun(db, id, { state: i % 7 === 0 ? 'stopped' : 'finished', endedAt: 2000 + i });
      editRun(db, id, {
        tags: i % 5 === 0 ? ['wide', 'night'] : [],
        notes: 'a note about it',
        starred: i % 50 === 0,
      });
    });
  }
}

/** Of the validation split: fifty thousand images, a thousand classes. */
function addEvaluation(db: WritableDatabase): void {
  const { classes, valImages } = sizes;
  const each = valImages / classes;
  const answers = emptyAnswers(valImages);
  for (let i = 0; i < valImages; i++) {
    answers.labels[i] = Math.floor(i / each);
    answers.trueProbability[i] = (i % 100) / 100;
    for (let k = 0; k < 5; k++) {
      answers.top5[i * 5 + k] = (i + k * 31) % classes;
      answers.top5Probability[i * 5 + k] = k === 0 ? 0.5 + (i % 50) / 100 : 0.2 / k;
    }
  }
  const summary: EvaluationSummary = {
    images: valImages,
    loss: 2,
    top1Error: 0.4,
    top5Error: 0.2,
    classImages: new Array<number>(classes).fill(each),
    classTop5Hits: new Array<number>(classes).fill(each * 0.8),
    confusion: Array.from({ length: classes * 20 }, (_, i): [number, number, number] => [
      Math.floor(i / 20),
      (Math.floor(i / 20) + (i % 20) * 37) % classes,
      2.5,
    ]),
    top1Interval: [0.39, 0.41],
    top5Interval: [0.19, 0.21],
    calibration: countCalibration(answers),
  };
  insertEvaluation(db, {
    id: 'e1',
    runId: 'r1',
    modelId: null,
    checkpointStep: 1000,
    datasetId: 'd1',
    datasetName: 'imagenet',
    split: 'val',
    crops: 10,
    ties: 'first',
    elapsedMs: 1,
    createdAt: Date.now(),
    summary,
    answers: encodeBlocks(answers),
    labels: Array.from({ length: classes }, (_, label) => `class ${label}`),
  });
}

function addPredictions(db: WritableDatabase): void {
  const prediction = (i: number) => ({
    path: `/photos/${i}.jpg`,
    model: 'r1',
    runId: 'r1',
    modelId: null,
    checkpointStep: 1,
    crops: 1 as const,
    answers: [{ class: 1, name: 'a thing', probability: 0.5 }],
    createdAt: i,
  });
  insertPredictions(
    db,
    Array.from({ length: 100_000 }, (_, i) => prediction(i)),
  );
}

function make(home: string): void {
  const began = performance.now();
  const db = openDatabase(openDataDirectory(home).databaseFile, { log: () => {} });
  addDataset(db);
  addRuns(db);
  addEvaluation(db);
  addPredictions(db);
  db.close();
  say(`made in ${((performance.now() - began) / 1000).toFixed(0)} s`);
}

async function measure(home: string): Promise<boolean> {
  const addon = fileURLToPath(new URL('fake-engine.ts', import.meta.url));
  const studio = Studio.open({ dataDir: home, warn: say, loadAddon: () => loadAddon(addon) });
  const { handlers: h } = studio.openApplication({ remote: true });
  const signal = new AbortController().signal;
  const page = { offset: 0, limit: 100 };
  const runs = { ...page, search: '', sort: 'createdAt', descending: true } as const;
  const classes = { ...page, search: '', sort: 'label', descending: false } as const;
  const map = { fromRow: 0, fromColumn: 0, cells: 200 };
  const config = await h.config.fromPreset({ preset: 'alexnet', datasetId: 'd1' }, signal);
  const operations: [name: string, work: () => unknown][] = [
    ['Home: recent runs', () => h.runs.list({ ...runs, limit: 10 }, signal)],
    ['Home: jobs', () => h.jobs.list(undefined, signal)],
    ['Data sets: list', () => h.datasets.list(undefined, signal)],
    ['Data set: overview', () => h.datasets.show({ id: 'd1' }, signal)],
    ['Data set: classes', () => h.datasets.classes({ id: 'd1', ...classes }, signal)],
    [
      'Data set: classes by a search',
      () => h.datasets.classes({ id: 'd1', ...classes, search: 'class 9' }, signal),
    ],
    ['Data set: balance', () => h.datasets.balance({ id: 'd1' }, signal)],
    [
      'Data set: first photos',
      () => h.datasets.images({ id: 'd1', split: 'train', search: '', ...page }, signal),
    ],
    [
      'Data set: photos near the end',
      () =>
        h.datasets.images({ id: 'd1', split: 'train', search: '', offset: 1_270_000, limit: 100 }, signal),
    ],
    [
      'Data set: photos by a search',
      () => h.datasets.images({ id: 'd1', split: 'train', search: '99', offset: 20_000, limit: 100 }, signal),
    ],
    ['New run: check', () => h.config.check({ config, datasetId: 'd1' }, signal)],
    ['Runs: newest', () => h.runs.list(runs, signal)],
    ['Runs: by error', () => h.runs.list({ ...runs, sort: 'bestTop1Error', offset: 4000 }, signal)],
    ['Runs: by search and tag', () => h.runs.list({ ...runs, search: 'note', tag: 'wide' }, signal)],
    ['Runs: facets', () => h.runs.facets(undefined, signal)],
    ['Run: overview', () => h.runs.show({ id: 'r1' }, signal)],
    ['Run: curve', () => h.runs.curve({ id: 'r1', points: 1000 }, signal)],
    ['Run: doctor', () => h.runs.doctor({ id: 'r1' }, signal)],
    [
      'Compare: ten runs',
      () => h.runs.compare({ ids: Array.from({ length: 10 }, (_, i) => `r${i}`), points: 500 }, signal),
    ],
    [
      'Runs: what deleting 100 frees',
      () => h.runs.removal({ ids: Array.from({ length: 100 }, (_, i) => `r${i}`) }, signal),
    ],
    ['Evaluations: list', () => h.evaluations.list(page, signal)],
    ['Evaluation: report, the first time', () => h.evaluations.show({ id: 'e1' }, signal)],
    ['Evaluation: report again', () => h.evaluations.show({ id: 'e1' }, signal)],
    [
      'Evaluation: classes',
      () =>
        h.evaluations.classes({ id: 'e1', ...page, search: '', sort: 'top1Error', descending: true }, signal),
    ],
    ['Evaluation: pairs', () => h.evaluations.pairs({ id: 'e1', ...page, search: '' }, signal)],
    ['Evaluation: map', () => h.evaluations.confusion({ id: 'e1', ...map }, signal)],
    [
      'Evaluation: confident mistakes',
      () => h.evaluations.images({ id: 'e1', ...page, of: { kind: 'confident' } }, signal),
    ],
    ['Classify: history', () => h.classify.history(page, signal)],
    ['Classify: models', () => h.models.choices({ search: '' }, signal)],
    ['Models and settings: storage', () => h.studio.storage(undefined, signal)],
  ];
  let slow = 0;
  for (const [name, work] of operations) {
    const began = performance.now();
    await work();
    const elapsedMs = performance.now() - began;
    if (elapsedMs > goalMs) slow++;
    say(
      `${name.padEnd(40)} ${elapsedMs.toFixed(1).padStart(8)} ms${elapsedMs > goalMs ? '  over the goal' : ''}`,
    );
  }
  await studio.close();
  return slow === 0;
}

const given = process.argv[2];
const home = given ?? mkdtempSync(join(tmpdir(), 'alexnet-screens-'));
try {
  if (!existsSync(join(home, 'studio.sqlite'))) make(home);
  process.exitCode = (await measure(home)) ? 0 : 1;
} finally {
  if (given === undefined) rmSync(home, { recursive: true, force: true });
}
