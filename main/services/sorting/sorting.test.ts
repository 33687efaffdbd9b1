// Sorting with the fake engine: nothing overwritten, nothing lost, whatever is in the way.
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SortSettings } from '../../api/operations/sorting.ts';
import { openDatabase } from '../../data/open-database.ts';
import { changeSortedFiles, listSortedFiles } from '../../data/sortings.ts';
import { smallDisk } from '../../data/test-files.ts';
import type { Studio } from '../studio.ts';
import { TestFolder } from '../testing/test-studio.ts';
import { ClassFolders, folderName, numbered } from './targets.ts';

// Engines start slowly where others compute on the same cores.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const folder = new TestFolder();
let studio: Studio;
let test = 0;
let from: string;
let to: string;
let sweepId: string;

const names = ['a.jpg', 'ab.jpg', 'abc.jpg', 'bad.jpg', 'deep/a.jpg', 'deeper/ab/a.jpg'];
const none = () => {};

beforeAll(async () => {
  studio = folder.open({ stepMs: 0 });
  await studio.datasets.add({ name: 'birds', ...folder.photos() }, none);
  await studio.training.start({ dataset: 'birds', steps: 1, batchSize: 16, name: 'first' }, none);
});
beforeEach(async () => {
  from = folder.path(`from${test}`);
  to = folder.path(`to${test++}`);
  for (const name of names) {
    mkdirSync(dirname(join(from, name)), { recursive: true });
    writeFileSync(join(from, name), `photo ${name}`);
  }
  ({ id: sweepId } = studio.sweeps.open({ paths: [from], model: 'first', top: 2, crops: 1 }));
  await studio.sweeps.run(sweepId);
});
afterAll(() => folder.remove());

const plan = (settings: Partial<SortSettings> = {}) =>
  studio.sorting.plan(sweepId, {
    to,
    threshold: 0.7,
    mode: 'copy',
    unsure: 'leave',
    collisions: 'number',
    ...settings,
  });
const files = (root: string): string[] =>
  existsSync(root)
    ? readdirSync(root, { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('sorted-'))
        .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
        .sort()
    : [];
const contents = (root: string) =>
  files(root)
    .map((name) => readFileSync(join(root, name), 'utf8'))
    .sort();
const all = names.map((name) => `photo ${name}`);
const readable = all.filter((text) => !text.includes('bad')).sort();

describe('a plan', () => {
  it('says where everything goes, and touches nothing', async () => {
    const { folders, left, sizeBytes, files: count, writtenBytes, appliedAt } = await plan();
    expect(folders.map(({ folder: name }) => name)).toEqual(expect.arrayContaining([expect.any(String)]));
    expect(folders.reduce((sum, one) => sum + one.files, 0)).toBe(5);
    expect([count, appliedAt, writtenBytes]).toEqual([5, null, sizeBytes]);
    expect(left).toEqual([{ note: 'it could not be read', files: 1 }]);
    expect(existsSync(to)).toBe(false);
    // The fake is sure by 0.75.
    expect((await plan({ threshold: 0.8 })).left).toContainEqual({
      note: 'the model was not sure enough',
      files: 5,
    });
    expect((await plan({ threshold: 0.8, unsure: 'folder' })).folders).toEqual([
      { folder: 'unsure', files: 5, sizeBytes },
    ]);
    expect((await plan({ mode: 'move' })).writtenBytes).toBe(0);
  });

  it('gives names that are taken a number, or leaves them', async () => {
    const unsure = { threshold: 0.8, unsure: 'folder' as const };
    mkdirSync(join(to, 'unsure'), { recursive: true });
    writeFileSync(join(to, 'unsure/a.jpg'), 'mine');
    const number = await plan(unsure);
    expect(number).toMatchObject({ files: 5, collisions: 3 });
    await studio.sorting.apply(number.id, none);
    expect(files(to).map((name) => basename(name))).toEqual([
      'a (2).jpg',
      'a (3).jpg',
      'a (4).jpg',
      'a.jpg',
      'ab.jpg',
      'abc.jpg',
    ]);
    expect(readFileSync(join(to, 'unsure/a.jpg'), 'utf8')).toBe('mine');
    expect(contents(to)).toEqual(['mine', ...readable]);
    // Again: everything is there already.
    expect(await plan(unsure)).toMatchObject({ files: 0 });
    rmSync(to, { recursive: true });
    const skip = await plan({ ...unsure, collisions: 'skip' });
    expect(skip).toMatchObject({ files: 3, collisions: 0 });
    expect(skip.left).toContainEqual({ note: 'a file of its name is there already', files: 2 });
  });
});

describe('sorting', () => {
  it('moves, and lists what came from where', async () => {
    const { id } = await plan({ mode: 'move' });
    const end = await studio.sorting.apply(id, none);
    expect(end).toMatchObject({ done: 5, skipped: 0, failed: 0 });
    expect(files(from)).toEqual(['bad.jpg']);
    expect(contents(to)).toEqual(readable);
    const lines = readFileSync(end.list, 'utf8').trimEnd().split('\n');
    for (const line of lines) {
      const { done, from: before, to: now } = JSON.parse(line) as Record<string, string>;
      expect(done).toBe('moved');
      expect(readFileSync(now ?? '', 'utf8')).toBe(`photo ${before?.slice(from.length + 1)}`);
    }
    expect(lines).toHaveLength(5);
  });

  it('leaves what has changed, gone, or lost its place since it was planned', async () => {
    const { id } = await plan({ mode: 'move', threshold: 0.8, unsure: 'folder', collisions: 'skip' });
    writeFileSync(join(from, 'ab.jpg'), 'another photo');
    mkdirSync(join(to, 'unsure'), { recursive: true });
    writeFileSync(join(to, 'unsure/abc.jpg'), 'mine');
    rmSync(join(from, 'a.jpg'));
    const end = await studio.sorting.apply(id, none);
    expect(end).toMatchObject({ done: 0, skipped: 3, failed: 0 });
    expect(readFileSync(join(from, 'ab.jpg'), 'utf8')).toBe('another photo');
    expect(readFileSync(join(to, 'unsure/abc.jpg'), 'utf8')).toBe('mine');
    expect(readFileSync(join(from, 'abc.jpg'), 'utf8')).toBe('photo abc.jpg');
  });

  it('moves a link as a link that still leads to its photo', async () => {
    symlinkSync('a.jpg', join(from, 'link.jpg'));
    await studio.sweeps.run(sweepId);
    rmSync(join(from, 'deep'), { recursive: true });
    const { id } = await plan({ mode: 'move', threshold: 0.8, unsure: 'folder' });
    const db = openDatabase(folder.path('home/studio.sqlite'));
    const others = listSortedFiles(db, id, 'planned', 100).filter(
      ({ source }) => !source.endsWith('link.jpg'),
    );
    changeSortedFiles(
      db,
      id,
      others.map(({ source }) => ({ source, state: 'skipped' as const, note: '' })),
    );
    db.close();
    await studio.sorting.apply(id, none);
    expect(existsSync(join(from, 'link.jpg'))).toBe(false);
    expect(readFileSync(join(to, 'unsure/link.jpg'), 'utf8')).toBe('photo a.jpg');
  });

  it('goes on after a stop, and after a kill between any two steps', async () => {
    const { id } = await plan({ mode: 'move', threshold: 0.8, unsure: 'folder' });
    const db = openDatabase(folder.path('home/studio.sqlite'));
    const planned = listSortedFiles(db, id, 'planned', 100);
    changeSortedFiles(
      db,
      id,
      planned.map(({ source, note }) => ({ source, state: 'begun' as const, note })),
    );
    mkdirSync(join(to, 'unsure'), { recursive: true });
    const [first, second] = planned;
    // One has both names already, one has only the new one.
    linkSync(first?.source ?? '', first?.target ?? '');
    linkSync(second?.source ?? '', second?.target ?? '');
    rmSync(second?.source ?? '');
    const end = await studio.sorting.apply(id, none);
    expect(end).toMatchObject({ done: 5, skipped: 0, failed: 0 });
    expect(contents(to)).toEqual(readable);
    expect(files(from)).toEqual(['bad.jpg']);
    const stop = new AbortController();
    stop.abort();
    const again = await plan({ mode: 'copy' });
    await expect(studio.sorting.apply(again.id, none, stop.signal)).resolves.toMatchObject({ done: 0 });
    db.close();
  });

  it('keeps times, so that the same sorting again copies nothing twice', async () => {
    utimesSync(join(from, 'a.jpg'), 1000, 1000);
    await studio.sweeps.run(sweepId);
    const { id } = await plan();
    await studio.sorting.apply(id, none);
    expect(contents(to)).toEqual(readable);
    const again = await plan();
    expect(again.files).toBe(0);
    expect(again.left).toContainEqual({ note: 'it is there already', files: 5 });
    expect(files(from)).toEqual([...names].sort());
  });
});

describe('taking a sorting back', () => {
  const unsure = { threshold: 0.8, unsure: 'folder' as const };
  const sorted = async (settings: Partial<SortSettings>) =>
    await studio.sorting.apply((await plan({ ...unsure, ...settings })).id, none);

  it('puts photos that moved back where they were, and leaves nothing behind', async () => {
    writeFileSync(join(folder.root, 'elsewhere.jpg'), 'photo elsewhere');
    symlinkSync('../elsewhere.jpg', join(from, 'link.jpg'));
    await studio.sweeps.run(sweepId);
    const before = files(from);
    const { id, list, files: count } = await sorted({ mode: 'move' });
    expect([files(from), count]).toEqual([['bad.jpg'], 6]);
    rmSync(join(from, 'deep'), { recursive: true });
    const progress: number[] = [];
    const end = await studio.sorting.undo(id, (done) => progress.push(done));
    expect([end, progress]).toEqual([{ total: 6, done: 6, left: [] }, [6]]);
    expect(files(from)).toEqual(before);
    expect(contents(from)).toEqual([...all, 'photo elsewhere'].sort());
    expect(lstatSync(join(from, 'link.jpg')).isSymbolicLink()).toBe(true);
    expect([existsSync(list), existsSync(join(to, 'unsure'))]).toEqual([false, false]);
    expect(await studio.sorting.summary(id)).toMatchObject({
      files: 0,
      done: 0,
      left: [
        { note: 'it was put back', files: 6 },
        { note: 'it could not be read', files: 1 },
      ],
      notPutBack: [],
    });
    // There is nothing to do any more.
    await expect(studio.sorting.undo(id, none)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('overwrites nothing, leaves what has changed, says why, and goes on later', async () => {
    const { id, list } = await sorted({ mode: 'move', collisions: 'skip' });
    expect(files(to)).toEqual(['unsure/a.jpg', 'unsure/ab.jpg', 'unsure/abc.jpg']);
    const taken = readFileSync(list, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { from: string; to: string });
    const a = taken.find(({ to: target }) => target.endsWith('/a.jpg'))?.from ?? '';
    mkdirSync(dirname(a), { recursive: true });
    writeFileSync(a, 'mine');
    writeFileSync(join(to, 'unsure/ab.jpg'), 'painted over by hand');
    rmSync(join(to, 'unsure/abc.jpg'));
    const end = await studio.sorting.undoList(list, none);
    expect(end).toMatchObject({ total: 3, done: 0 });
    expect(new Map(end.left.map(({ path, note }) => [basename(path), note]))).toEqual(
      new Map([
        ['a.jpg', 'a file of that name is there by now'],
        ['ab.jpg', 'the photo has changed since'],
        ['abc.jpg', 'the photo is not there any more'],
      ]),
    );
    expect(readFileSync(a, 'utf8')).toBe('mine');
    expect(readFileSync(join(to, 'unsure/ab.jpg'), 'utf8')).toBe('painted over by hand');
    const { notPutBack, done } = await studio.sorting.summary(id);
    expect([notPutBack.length, done]).toEqual([3, 3]);
    rmSync(a);
    expect(await studio.sorting.undoList(list, none)).toMatchObject({ total: 3, done: 1 });
    expect(readFileSync(a, 'utf8')).toMatch(/^photo .*a\.jpg$/);
    expect(readFileSync(list, 'utf8').trimEnd().split('\n')).toHaveLength(2);
  });

  it('takes copies away where the original is still the same', async () => {
    const { list } = await sorted({ collisions: 'skip' });
    writeFileSync(join(to, 'unsure/ab.jpg'), 'photo xx.jpg'); // as long as before
    rmSync(join(from, 'abc.jpg'));
    const end = await studio.sorting.undoList(list, none);
    expect(end).toMatchObject({ total: 3, done: 1 });
    expect(files(to)).toEqual(['unsure/ab.jpg', 'unsure/abc.jpg']);
    expect(readFileSync(join(to, 'unsure/abc.jpg'), 'utf8')).toBe('photo abc.jpg');
    expect(files(from)).toEqual(names.filter((name) => name !== 'abc.jpg').sort());
  });

  it('goes on after a kill between any two steps', async () => {
    const { id, list } = await sorted({ mode: 'move' });
    const [first, second] = readFileSync(list, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { from: string; to: string });
    for (const one of [first, second]) linkSync(one?.to ?? '', one?.from ?? '');
    rmSync(second?.to ?? '');
    // Killed while it sorted, before the list was written.
    rmSync(list);
    expect(await studio.sorting.undoList(list, none)).toMatchObject({ total: 5, done: 5 });
    await expect(studio.sorting.undo(id, none)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(contents(from)).toEqual([...all].sort());
    expect(files(to)).toEqual([]);
  });

  it('never takes the only name of a photo', async () => {
    const { list } = await sorted({ mode: 'move' });
    rmSync(from, { recursive: true });
    symlinkSync(join(to, 'unsure'), from);
    const end = await studio.sorting.undoList(list, none);
    expect(contents(to)).toEqual(readable);
    expect(end.left.find(({ path }) => path === join(to, 'unsure/ab.jpg'))?.note).toContain('are one file');
  });

  it('touches nothing by a list that is something else', async () => {
    const { list } = await sorted({ mode: 'move' });
    writeFileSync(list, `${readFileSync(list, 'utf8')}{"done":"moved","from":"a.jpg","to":"/b.jpg"}\n`);
    const before = files(to);
    await expect(studio.sorting.undoList(list, none)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('line 6'),
    });
    expect(files(to)).toEqual(before);
    await expect(studio.sorting.undoList(join(to, 'none.jsonl'), none)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    const stop = new AbortController();
    stop.abort();
    const [one] = readFileSync(list, 'utf8').split('\n');
    writeFileSync(list, `${one}\n`);
    await expect(studio.sorting.undoList(list, none, stop.signal)).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    expect([files(to), readFileSync(list, 'utf8')]).toEqual([before, `${one}\n`]);
  });

  it('moves to another disk and back', async () => {
    const disk = smallDisk(1_000_000);
    if (disk === undefined) return;
    const { list } = await sorted({ mode: 'move', to: join(disk, 'sorted') });
    expect(files(from)).toEqual(['bad.jpg']);
    expect(contents(join(disk, 'sorted'))).toEqual(readable);
    expect(statSync(list).dev).not.toBe(statSync(from).dev);
    expect(await studio.sorting.undoList(list, none)).toMatchObject({ total: 5, done: 5 });
    expect(contents(from)).toEqual([...all].sort());
    expect(files(join(disk, 'sorted'))).toEqual([]);
  });

  it('keeps photos where they are when their old disk is full', async () => {
    const disk = smallDisk(600_000);
    if (disk === undefined) return;
    const there = join(disk, 'photos');
    mkdirSync(there);
    writeFileSync(join(there, 'a.jpg'), Buffer.alloc(300_000, 1));
    const { id } = studio.sweeps.open({ paths: [there], model: 'first', top: 2, crops: 1 });
    await studio.sweeps.run(id);
    const settings = { to, threshold: 0, mode: 'move', unsure: 'leave', collisions: 'number' } as const;
    const { list } = await studio.sorting.apply((await studio.sorting.plan(id, settings)).id, none);
    writeFileSync(join(disk, 'filler'), Buffer.alloc(500_000, 2));
    const text = readFileSync(list, 'utf8');
    await expect(studio.sorting.undoList(list, none)).rejects.toMatchObject({ code: 'DISK_FULL' });
    expect([files(there), files(to).length, readFileSync(list, 'utf8')]).toEqual([[], 1, text]);
    rmSync(join(disk, 'filler'));
    expect(await studio.sorting.undoList(list, none)).toMatchObject({ total: 1, done: 1 });
    expect(readFileSync(join(there, 'a.jpg'))).toEqual(Buffer.alloc(300_000, 1));
  });
});

it('names folders that every disk takes, one a class', () => {
  expect(folderName('../../etc')).toBe('_.._etc');
  expect(folderName('..')).toBe('_');
  expect(folderName('a/b:c\u0000')).toBe('a_b_c_');
  expect(Buffer.byteLength(folderName('é'.repeat(200)))).toBeLessThanOrEqual(100);
  const folders = new ClassFolders();
  expect([folders.of('a/b'), folders.of('A_b'), folders.of('a/b'), folders.of('unsure')]).toEqual([
    'a_b',
    'A_b (2)',
    'a_b',
    'unsure (2)',
  ]);
  expect(numbered('/x', 'a.tar.jpg', 3)).toBe('/x/a.tar (3).jpg');
});
