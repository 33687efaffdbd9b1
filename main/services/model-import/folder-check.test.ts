// A labelled folder that has other classes than the model, with the fake engine: it knows a, b and c, and answers the
// length of a photo's path modulo 3, by which the test names its photos.
import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Studio } from '../studio.ts';
import { TestFolder } from '../testing/test-studio.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const folder = new TestFolder();
let studio: Studio;
const none = () => {};

beforeAll(async () => {
  studio = folder.open({ stepMs: 0 });
  await studio.datasets.add({ name: 'letters', ...folder.photos() }, none);
  await studio.training.start({ dataset: 'letters', steps: 1, batchSize: 16, name: 'net' }, none);
});
afterAll(() => folder.remove());

/** Photos in a class folder: `right` of them are answered with class `label`, `wrong` with the next one. */
function photos(root: string, name: string, label: number, right: number, wrong: number): void {
  for (let i = 0; i < right + wrong; i++) {
    const answer = (i < right ? label : label + 1) % 3;
    let file = `${root}/${name}/${String(i).padStart(3, '0')}`;
    while (folder.path(`${file}.jpg`).length % 3 !== answer) file += '-';
    folder.touch(`${file}.jpg`);
  }
}

const check = (root: string, signal?: AbortSignal) =>
  studio.folderChecker.check('net', folder.path(root), none, signal);

describe('a labelled folder', () => {
  it('of some classes, and others, is counted where the model knows its class', async () => {
    photos('some', 'B', 1, 90, 10);
    photos('some', 'owl', 0, 30, 0);
    folder.touch('some/B/bad.jpg', 'some/loose.jpg');
    mkdirSync(folder.path('some/c'));
    expect(await check('some')).toEqual({
      images: 100,
      top1Error: expect.closeTo(0.1, 12),
      // Of three classes every one is among the first five.
      top5Error: 0,
      matchedClasses: 1,
      classes: 3,
      unmatched: [{ folder: 'owl', why: 'no class of the model is called so' }],
      unreadable: 1,
    });
  });

  it('of all classes has no more and no less', async () => {
    photos('all', 'a', 0, 3, 1);
    photos('all', 'b', 1, 3, 1);
    photos('all', 'c', 2, 4, 0);
    expect(await check('all')).toMatchObject({ images: 12, matchedClasses: 3, unmatched: [], unreadable: 0 });
    expect((await check('all')).top1Error).toBeCloseTo(2 / 12, 12);
  });

  it('without a class, a photo or itself is an error', async () => {
    photos('strange', 'owl', 0, 1, 0);
    await expect(check('strange')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    mkdirSync(folder.path('empty/a'), { recursive: true });
    await expect(check('empty')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(check('nowhere')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const stop = new AbortController();
    stop.abort();
    await expect(check('all', stop.signal)).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
