// Photos and their pictures, with files as they come: uploaded, gone, of a format that no browser shows.
import { existsSync, readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../data/open-database.ts';
import { insertPredictions } from '../data/predictions.ts';
import type { Application } from './application.ts';
import { largestPhotoBytes } from './photos.ts';
import { TestFolder } from './testing/test-studio.ts';

let folder: TestFolder;
let app: Application;
beforeEach(() => {
  folder = new TestFolder();
  app = folder.open().openApplication({ remote: true });
});
afterEach(() => folder.remove());

const signal = new AbortController().signal;

async function* bytes(...parts: (string | number)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    yield await Promise.resolve(typeof part === 'string' ? Buffer.from(part) : new Uint8Array(part));
  }
}

describe('photos', () => {
  it('are kept whole, under ids alone', async () => {
    const photo = await app.photos.upload('../../etc/pass\u0000wd', bytes('one', 'two'), signal);
    expect(photo).toMatchObject({ name: 'passwd', sizeBytes: 6, uploaded: true });
    expect(readdirSync(folder.path('home/photos'))).toEqual([photo.id]);
    app.photos.remove(photo.id);
    expect(readdirSync(folder.path('home/photos'))).toEqual([]);
    expect(() => app.photos.existing(photo.id)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
  });

  it('that are too large, empty or broken off leave nothing', async () => {
    const half = largestPhotoBytes / 2;
    await expect(app.photos.upload('a', bytes(half, half, 1), signal)).rejects.toMatchObject({
      code: 'IMAGE_TOO_LARGE',
    });
    await expect(app.photos.upload('a', bytes(), signal)).rejects.toMatchObject({ code: 'CORRUPT_IMAGE' });
    const leave = new AbortController();
    const broken = async function* () {
      yield new Uint8Array(10);
      leave.abort();
      yield await Promise.resolve(new Uint8Array(10));
    };
    await expect(app.photos.upload('a', broken(), leave.signal)).rejects.toThrow();
    expect(readdirSync(folder.path('home/photos'))).toEqual([]);
    expect(app.photos.page({ offset: 0, limit: 10 }).total).toBe(0);
  });

  it("of the user's are left where they are, and known once", async () => {
    folder.touch('mine/a.jpg');
    const path = folder.path('mine/a.jpg');
    const [first] = await app.photos.addPaths([path]);
    const [again] = await app.photos.addPaths([path]);
    expect(again).toEqual(first);
    expect(first).toMatchObject({ name: 'a.jpg', uploaded: false });
    app.photos.remove(first?.id ?? '');
    expect(existsSync(path)).toBe(true);
    await expect(app.photos.addPaths([folder.path('mine')])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(app.photos.addPaths([folder.path('mine/b.jpg')])).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(app.photos.addPaths(['a.jpg'])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('pictures', () => {
  it('are the files themselves where browsers show them, and JPEG otherwise', async () => {
    const jpeg = await app.photos.upload('a.jpg', bytes('jpeg'), signal);
    const whole = await app.images.photo(jpeg.id);
    expect(whole).toMatchObject({ mediaType: 'image/jpeg', lasting: false });
    expect(Buffer.from(whole.bytes).toString()).toBe('jpeg');
    const tiff = await app.photos.upload('a.tif', bytes('II*\u0000 tiff'), signal);
    const shown = await app.images.photo(tiff.id);
    expect(shown.mediaType).toBe('image/jpeg');
    expect(Buffer.from(shown.bytes).toString('latin1')).toContain('decoded 9');
  });

  it('of photos that are gone say so', async () => {
    folder.touch('mine/a.jpg');
    const [photo] = await app.photos.addPaths([folder.path('mine/a.jpg')]);
    folder.delete('mine/a.jpg');
    await expect(app.images.photo(photo?.id ?? '')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(app.images.photo('none')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(app.images.prediction(1)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(() => app.images.mean('none')).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
  });

  it('of a crop are cut from the square', async () => {
    const photo = await app.photos.upload('a.jpg', bytes('jpeg'), signal);
    const crop = { top: 0, left: 0, size: 200, mirror: false, colour: [7, 8, 0] as const };
    const { bytes: cut } = await app.images.photoSquare(photo.id, { crop });
    // The fake's square is black: what was added is what is left.
    expect(Buffer.from(cut).toString('latin1')).toContain('200x200 of 7,8');
    await expect(app.images.photoSquare(photo.id, { crop: { ...crop, top: 99 } })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });
});

it('forgets the history that is older than the settings say', async () => {
  const { handlers } = app;
  const photo = await app.photos.upload('a.jpg', bytes('jpeg'), signal);
  const db = openDatabase(folder.path('home/studio.sqlite'));
  const day = 86_400_000;
  insertPredictions(
    db,
    [0, 2, 40].map((days) => ({
      path: '/a.jpg',
      model: 'm',
      runId: null,
      modelId: null,
      checkpointStep: null,
      crops: 1 as const,
      answers: [],
      createdAt: Date.now() - days * day,
      photoId: photo.id,
    })),
  );
  db.close();
  const total = async () => (await handlers.classify.history({ offset: 0, limit: 1 }, signal)).total;
  expect(await total()).toBe(3);
  await handlers.studio.changeSettings({ historyDays: 30 }, signal);
  expect(await total()).toBe(2);
  await handlers.classify.clearHistory(undefined, signal);
  expect(await total()).toBe(0);
});
