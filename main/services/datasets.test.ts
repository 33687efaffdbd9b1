import fs, { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DatasetEvent } from '../api/datasets.ts';
import { AppError } from '../api/errors.ts';
import { TestFolder } from './testing/test-studio.ts';

// Every test starts processes, which takes long where others compute on the same cores.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

let folder: TestFolder;
beforeEach(() => {
  folder = new TestFolder();
});
afterEach(() => folder.remove());

function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof AppError ? error.code : String(error)),
  );
}

const silent = () => {};

describe('adding a data set', () => {
  it('packs both splits, records every file and its counts reconcile', async () => {
    const { datasets } = folder.open();
    const events: DatasetEvent[] = [];
    const photos = folder.photos();
    folder.touch('photos/train/readme.txt');
    const dataset = await datasets.add({ name: 'pets', ...photos }, (event) => events.push(event));
    expect(dataset).toMatchObject({ state: 'ready', classes: 3, trainImages: 12, valImages: 3 });
    expect(dataset.statistics?.meanRgb).toEqual([120, 115, 100]);
    expect(events.at(-1)).toMatchObject({ event: 'done', found: 17, packed: 15, skipped: 2 });
    expect(events.filter((event) => event.event === 'skipped')).toEqual([
      {
        event: 'skipped',
        split: 'train',
        path: 'readme.txt',
        code: 'INVALID_LABELS',
        message: 'lies outside every class folder, so its class is not known',
      },
      expect.objectContaining({ path: 'b/bad.jpg', code: 'CORRUPT_IMAGE' }),
    ]);
    const shown = datasets.show('pets');
    expect(shown.skippedFiles).toEqual({ train: 2, val: 0 });
    expect(shown.classList.map((c) => [c.folder, c.trainImages, c.valImages])).toEqual([
      ['a', 4, 1],
      ['b', 4, 1],
      ['c', 4, 1],
    ]);
    expect(datasets.skipped('pets')).toHaveLength(2);
    expect(readdirSync(join(folder.path('home/datasets'), dataset.id)).sort()).toEqual([
      'train.pack',
      'val.pack',
    ]);
  });

  it('refuses the folder of the splits, saying which to give', async () => {
    const { train, val } = folder.photos();
    const { datasets } = folder.open();
    const request = { name: 'pets', train: folder.path('photos') };
    for (const refused of [() => datasets.check(request), () => datasets.add(request, silent)])
      await expect(refused()).rejects.toThrow(`give ${train} for training and ${val} for validation`);
    expect(datasets.list()).toEqual([]);
  });

  it('names ImageNet classes as people do', async () => {
    folder.touch('p/n01440764/1.jpg', 'p/n02102040/1.jpg', 'p/other/1.jpg');
    const { datasets } = folder.open();
    await datasets.add({ name: 'wnids', train: folder.path('p') }, silent);
    expect(datasets.show('wnids').classList.map((c) => c.name)).toEqual([
      'tench',
      'English Springer Spaniel',
      'other',
    ]);
  });

  it('takes labels of a flat folder, and a share held out', async () => {
    const { train } = folder.photos();
    folder.touch('flat/1.jpg', 'flat/2.jpg');
    writeFileSync(folder.path('labels.txt'), 'c\na\n');
    const { datasets } = folder.open();
    const valLabels = folder.path('labels.txt');
    await datasets.add({ name: 'flat', train, val: folder.path('flat'), valLabels }, silent);
    expect(datasets.show('flat').classList.map((c) => c.valImages)).toEqual([1, 0, 1]);
    await datasets.add({ name: 'held', train, valFraction: 0.25 }, silent);
    expect(datasets.show('held').classList.map((c) => [c.trainImages, c.valImages])).toEqual([
      [3, 1],
      [3, 1],
      [3, 1],
    ]);
  });

  it('refuses names that are taken or cannot be', async () => {
    const { datasets } = folder.open();
    const photos = folder.photos();
    await datasets.add({ name: 'pets', ...photos }, silent);
    expect(await codeOf(datasets.add({ name: 'pets', ...photos }, silent))).toBe('NAME_TAKEN');
    expect(await codeOf(datasets.add({ name: '', ...photos }, silent))).toBe('INVALID_NAME');
    expect(await codeOf(datasets.add({ name: 'a@b', ...photos }, silent))).toBe('INVALID_NAME');
  });

  it.each([
    ['a missing folder', 'gone', 'NOT_FOUND'],
    ['an empty folder', 'empty', 'EMPTY_DATASET'],
    ['one class', 'one', 'EMPTY_DATASET'],
    ['photos without class folders', 'loose', 'EMPTY_DATASET'],
  ])('refuses %s and leaves nothing behind', async (_what, name, code) => {
    folder.touch('empty/.hidden', 'one/a/1.jpg', 'loose/1.jpg');
    const { datasets } = folder.open();
    expect(await codeOf(datasets.add({ name, train: folder.path(name) }, silent))).toBe(code);
    expect(datasets.list()).toEqual([]);
  });

  it('refuses validation classes that the training folder does not have, and the same folder twice', async () => {
    const { train } = folder.photos();
    folder.touch('other/d/1.jpg');
    const { datasets } = folder.open();
    const unknown = datasets.add({ name: 'x', train, val: folder.path('other') }, silent);
    expect(await codeOf(unknown)).toBe('INVALID_LABELS');
    expect(await codeOf(datasets.add({ name: 'x', train, val: train }, silent))).toBe('INVALID_ARGUMENT');
  });

  it('fails where fewer than two classes have a photo that can be read', async () => {
    folder.touch('p/a/1.jpg', 'p/b/bad.jpg');
    const { datasets } = folder.open();
    expect(await codeOf(datasets.add({ name: 'x', train: folder.path('p') }, silent))).toBe('EMPTY_DATASET');
    expect(datasets.find('x')).toMatchObject({ state: 'failed' });
    expect(() => datasets.packs('x')).toThrow('could not be packed');
    folder.touch('p/b/good.jpg');
    await datasets.add({ name: 'x', train: folder.path('p') }, silent);
    expect(datasets.find('x').state).toBe('ready');
  });

  it('fails with the reason where no file is a photo', async () => {
    folder.touch('p/a/bad.jpg', 'p/b/bad.jpg');
    const { datasets } = folder.open();
    const adding = datasets.add({ name: 'x', train: folder.path('p') }, silent);
    await expect(adding).rejects.toThrow('none of the 2 training files');
    expect(datasets.find('x')).toMatchObject({ state: 'failed' });
    expect(datasets.show('x').skippedFiles.train).toBe(2);
  });

  it('continues after it was stopped, with the same folders only', async () => {
    const photos = folder.photos();
    const { datasets } = folder.open({ stepMs: 150 });
    const controller = new AbortController();
    const stopped = datasets.add(
      { name: 'pets', ...photos },
      (event) => {
        if (event.event === 'progress' && event.done === 3) controller.abort();
      },
      controller.signal,
    );
    expect(await codeOf(stopped)).toBe('CANCELLED');
    expect(datasets.find('pets').state).toBe('packing');
    expect(() => datasets.packs('pets')).toThrow('add it again in the same way');
    expect(await codeOf(datasets.add({ name: 'pets', train: photos.train }, silent))).toBe('NAME_TAKEN');
    const events: DatasetEvent[] = [];
    await datasets.add({ name: 'pets', ...photos }, (event) => events.push(event));
    expect(events[0]).toMatchObject({ event: 'dataset', resumed: true });
    expect(datasets.find('pets').state).toBe('ready');
  });

  it('waits for photos whose disk was taken out, and packs them all once they are back', async () => {
    const photos = folder.photos();
    const { datasets } = folder.open({ stepMs: 80 });
    const [there, away] = [folder.path('photos'), folder.path('pulled out')];
    const adding = datasets.add({ name: 'pets', ...photos }, (event) => {
      if (event.event === 'progress' && event.done === 3) renameSync(there, away);
    });
    await expect(adding).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringContaining('put their disk'),
    });
    expect(datasets.find('pets')).toMatchObject({
      state: 'packing',
      reason: expect.stringContaining('were gone'),
    });
    renameSync(away, there);
    await datasets.add({ name: 'pets', ...photos }, silent);
    expect(datasets.find('pets')).toMatchObject({ state: 'ready', trainImages: 12 });
  });

  it('is done by one process at a time', async () => {
    const photos = folder.photos();
    const { datasets } = folder.open({ stepMs: 200 });
    const first = datasets.add({ name: 'pets', ...photos }, silent);
    await expect.poll(() => datasets.list()[0]?.state).toBe('packing');
    expect(await codeOf(datasets.add({ name: 'pets', ...photos }, silent))).toBe('BUSY');
    expect(() => datasets.remove('pets', { force: false })).toThrow('is being packed by process');
    expect(await codeOf(datasets.removeGradually('pets', { force: false }))).toBe('BUSY');
    await first;
    expect(datasets.find('pets').state).toBe('ready');
  });
});

describe('a data set', () => {
  it('can be verified and removed', async () => {
    const { datasets } = folder.open();
    const { id } = await datasets.add({ name: 'pets', ...folder.photos() }, silent);
    const seen = new Set<string>();
    const verified = await datasets.verify('pets', (split) => seen.add(split));
    expect(verified).toEqual({ name: 'pets', images: 15 });
    expect([...seen]).toEqual(['train', 'val']);
    rmSync(join(folder.path('home/datasets'), id, 'val.pack'));
    expect(() => datasets.packs('pets')).toThrow('put it back, or remove the data set');
    datasets.remove('pets', { force: false });
    expect(existsSync(join(folder.path('home/datasets'), id))).toBe(false);
    expect(() => datasets.find('pets')).toThrow('no data set named pets');
  });

  it('can be removed again where removing it was broken off', async () => {
    const { datasets } = folder.open();
    const { id } = await datasets.add({ name: 'pets', ...folder.photos() }, silent);
    const packs = join(folder.path('home/datasets'), id);
    // A folder in which a file cannot be removed: another file system is mounted there, say.
    const remove = vi.spyOn(fs, 'rmSync').mockImplementationOnce(() => {
      throw Object.assign(new Error('busy'), { code: 'EBUSY' });
    });
    syncBuiltinESMExports();
    expect(() => datasets.remove('pets', { force: false })).toThrow('busy');
    remove.mockRestore();
    syncBuiltinESMExports();
    expect(datasets.find('pets')).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('again') as string,
    });
    datasets.remove('pets', { force: false });
    expect(existsSync(packs)).toBe(false);
    expect(datasets.list()).toEqual([]);
  });

  it('can be removed where it is unfinished and its folder is gone', async () => {
    const photos = folder.photos();
    const { datasets } = folder.open({ stepMs: 80 });
    const stop = new AbortController();
    const adding = datasets.add({ name: 'pets', ...photos }, () => stop.abort(), stop.signal);
    expect(await codeOf(adding)).toBe('CANCELLED');
    const { id } = datasets.find('pets');
    rmSync(join(folder.path('home/datasets'), id), { recursive: true });
    datasets.remove('pets', { force: false });
    expect(datasets.list()).toEqual([]);
    expect(existsSync(join(folder.path('home/datasets'), id))).toBe(false);
  });

  it('is kept while runs need it, unless forced; the runs stay', async () => {
    const studio = folder.open();
    await studio.datasets.add({ name: 'pets', ...folder.photos() }, silent);
    const run = await studio.training.start({ dataset: 'pets', steps: 3 }, silent);
    expect(() => studio.datasets.remove('pets', { force: false })).toThrow(run.id);
    studio.datasets.remove('pets', { force: true });
    expect(studio.runs.find(run.id)).toMatchObject({ datasetId: null, datasetName: 'pets' });
    await expect(studio.training.resume(run.id, silent)).rejects.toThrow('was removed');
  });
});
