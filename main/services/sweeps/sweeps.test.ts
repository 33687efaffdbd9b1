// Sweeps with the fake engine: nothing lost and nothing twice, whenever they are stopped.
import {
  appendFileSync,
  existsSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openDatabase } from '../../data/open-database.ts';
import { pageSweepPredictions } from '../../data/predictions.ts';
import type { Studio } from '../studio.ts';
import { TestFolder } from '../testing/test-studio.ts';
import { topmost } from './photo-stream.ts';
import type { SweepOptions } from './sweeps.ts';

// Engines start slowly where others compute on the same cores.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const files = 400;
const folder = new TestFolder();
let studio: Studio;
let test = 0;
/** Photos of this test. */
let many: string;

beforeAll(async () => {
  studio = folder.open({ stepMs: 0 });
  await studio.datasets.add({ name: 'birds', ...folder.photos() }, () => {});
  await studio.training.start({ dataset: 'birds', steps: 1, batchSize: 16, name: 'first' }, () => {});
});
beforeEach(() => {
  many = `many${test++}`;
  for (let i = 0; i < files; i++) folder.touch(`${many}/${i % 7}/${i % 3}/${i}.jpg`);
  folder.touch(`${many}/bad.jpg`);
});
afterAll(() => folder.remove());

const request = () => ({ paths: [folder.path(many)], model: 'first', top: 2, crops: 1 as const });
const sweep = (options: SweepOptions = {}) => studio.sweeps.run(studio.sweeps.open(request()).id, options);
const csv = () => folder.path(`${many}.csv`);
const rows = () => readFileSync(csv(), 'utf8').trimEnd().split('\r\n').slice(1);

function stored(): string[] {
  const db = openDatabase(folder.path('home/studio.sqlite'));
  try {
    const { id } = studio.sweeps.open(request());
    const page = { sweepId: id, search: '', offset: 0, limit: 10 * files };
    return pageSweepPredictions(db, page).predictions.map(({ path }) => path);
  } finally {
    db.close();
  }
}

function whole(): void {
  const paths = rows().map((row) => row.slice(0, row.indexOf(',')));
  expect(paths).toHaveLength(files + 1);
  expect(new Set(paths).size).toBe(files + 1);
  expect(stored()).toEqual(paths);
}

/** Stops after so many answers. */
async function stopped(after: number, options: SweepOptions = {}): Promise<void> {
  const stop = new AbortController();
  const onProgress = ({ done, known }: { done: number; known: number }) => {
    if (done - known >= after) stop.abort();
  };
  await expect(sweep({ ...options, onProgress, signal: stop.signal })).rejects.toMatchObject({
    code: 'CANCELLED',
  });
}

describe('a sweep', () => {
  it('answers every file once, over any number of stops', async () => {
    for (const after of [1, 100, 130]) await stopped(after, { out: csv() });
    const before = stored().length;
    expect(before).toBeGreaterThanOrEqual(231);
    const end = await sweep({ out: csv() });
    expect(end).toEqual({ done: files + 1, total: files + 1, known: before, failed: 1 });
    whole();
    expect(rows().filter((row) => row.includes('is damaged'))).toHaveLength(1);
    // Once more: nothing is new.
    expect(await sweep({ out: csv() })).toMatchObject({ known: files + 1 });
    whole();
  });

  it('goes on with a file of answers wherever a kill has cut it', async () => {
    await sweep({ out: csv() });
    const text = readFileSync(csv(), 'utf8');
    const db = openDatabase(folder.path('home/studio.sqlite'));
    // As if the process had ended before it noted the last lines, or the first ones; then with a torn line.
    const note = (size: number, writtenId: number) =>
      db.run('test', 'UPDATE sweep_outputs SET size_bytes = ?, tail = ?, written_id = ? WHERE path = ?', [
        size,
        Buffer.from(text.slice(Math.max(0, size - 200), size)).toString('base64'),
        writtenId,
        csv(),
      ]);
    const ids = db.all<{ id: number }>('test', 'SELECT id FROM predictions WHERE sweep_id = ? ORDER BY id', [
      studio.sweeps.open(request()).id,
    ]);
    const end = (line: number) =>
      text
        .split('\r\n')
        .slice(0, line + 1)
        .join('\r\n').length + 2;
    for (const [noted, cut] of [
      [300, text.length],
      [300, end(350) - 11],
      [0, 5],
      [0, end(0)],
      [200, end(200)],
      [300, end(100) + 3], // the system lost what it had promised: less is there than was noted
    ] as const) {
      note(end(noted), noted === 0 ? 0 : (ids[noted - 1]?.id ?? 0));
      writeFileSync(csv(), text.slice(0, cut));
      await sweep({ out: csv() });
      expect(readFileSync(csv(), 'utf8'), `${noted} ${cut}`).toBe(text);
    }
    rmSync(csv());
    await sweep({ out: csv() });
    expect(readFileSync(csv(), 'utf8')).toBe(text);
    db.close();
  });

  it("leaves a file alone that is somebody else's", async () => {
    writeFileSync(csv(), 'my notes\n');
    await expect(sweep({ out: csv() })).rejects.toMatchObject({ code: 'NAME_TAKEN' });
    expect(readFileSync(csv(), 'utf8')).toBe('my notes\n');
    rmSync(csv());
    await sweep({ out: csv() });
    appendFileSync(csv(), 'my notes\n');
    const now = readFileSync(csv(), 'utf8');
    await expect(sweep({ out: csv() })).rejects.toMatchObject({ code: 'NAME_TAKEN' });
    expect(readFileSync(csv(), 'utf8')).toBe(now);
    truncateSync(csv(), 40);
    writeFileSync(csv(), 'short notes');
    await expect(sweep({ out: csv() })).rejects.toMatchObject({ code: 'NAME_TAKEN' });
    expect(readFileSync(csv(), 'utf8')).toBe('short notes');
    await expect(sweep({ out: folder.path(`${many}.txt`) })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    expect(existsSync(folder.path(`${many}.txt`))).toBe(false);
  });

  it('answers again what has changed, and what is new; its own file of answers is no photo', async () => {
    const out = folder.path(many, 'answers.jsonl');
    await sweep({ out });
    folder.touch(`${many}/new.jpg`);
    utimesSync(folder.path(many, '3/0/3.jpg'), 1000, 1000);
    expect(await sweep({ out })).toMatchObject({ done: files + 2, known: files });
    const lines = readFileSync(out, 'utf8').trimEnd().split('\n');
    const last = lines.slice(-2).map((line) => (JSON.parse(line) as { file: string }).file);
    expect(last.sort()).toEqual([folder.path(many, '3/0/3.jpg'), folder.path(many, 'new.jpg')]);
    expect(lines).toHaveLength(files + 3);
    expect(stored()).toHaveLength(files + 2);
  });

  it('is one at a time, and says so where there is nothing', async () => {
    const first = sweep();
    await expect(sweep()).rejects.toMatchObject({ code: 'BUSY' });
    await first;
    const nothing = studio.sweeps.open({ ...request(), paths: [folder.path('none/deeper')] });
    // A path that does not exist is a file that cannot be read, as in a list that a shell has made.
    expect(await studio.sweeps.run(nothing.id)).toMatchObject({ done: 1, failed: 0 });
  });

  it('is the same for the same photos and model, however they are named', () => {
    const { id } = studio.sweeps.open(request());
    const deeper = [folder.path(many), folder.path(many, '1'), `${folder.path(many)}/../${many}`];
    expect(studio.sweeps.open({ ...request(), paths: deeper }).id).toBe(id);
    expect(studio.sweeps.open({ ...request(), model: 'first@last' }).id).toBe(id);
    expect(studio.sweeps.open({ ...request(), top: 1 }).id).not.toBe(id);
    expect(topmost(['/a/b', '/a', '/ab', '/a'])).toEqual(['/a', '/ab']);
  });
});
