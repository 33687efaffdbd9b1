// The contract over a real WebSocket on loopback, with the fake engine: data sets, augmentation, folders.
import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StudioClient } from '../../api/contract.ts';
import type { Job } from '../../api/operations/jobs.ts';
import { TestApplication } from './testing/test-application.ts';
import { refusal, type TestServer, until } from './testing/test-server.ts';

let app: TestApplication;
let test: TestServer;
let client: StudioClient;
let datasetId: string;

beforeAll(async () => {
  app = await TestApplication.start();
  ({ test, client, datasetId } = app);
});
afterAll(() => app.close());

describe('the application', () => {
  it('says what it is, and is one a data directory', async () => {
    const info = await client.studio.info();
    expect(info).toMatchObject({ remote: true, engineProblem: '', formats: ['jpeg'] });
    expect(info.freeBytes).toBeGreaterThan(0);
    const second = test.folder.open();
    // This process has the lock itself: taking it again is refused as another process's try would be.
    expect(() => second.openApplication({ remote: true })).toThrow('in use');
  });

  it('tells what changed to everyone, beginning with who tells it', async () => {
    const { instance } = await client.studio.info();
    const changes = await client.studio.changes();
    const other = await (await test.client()).client.studio.changes();
    expect((await changes.next()).value).toEqual({ topic: 'connected', id: instance });
    expect((await other.next()).value).toEqual({ topic: 'connected', id: instance });
    await client.studio.changeSettings({ theme: 'dark', layout: { runs: ['name'] } });
    expect((await changes.next()).value).toEqual({ topic: 'settings', id: null });
    expect((await other.next()).value).toEqual({ topic: 'settings', id: null });
    await client.studio.changeSettings({ layout: { panes: 2 } });
    expect(await client.studio.settings()).toMatchObject({
      theme: 'dark',
      layout: { runs: ['name'], panes: 2 },
    });
    await changes.return?.();
    await other.return?.();
  });

  it('streams the load of devices', async () => {
    const [first, second] = await until(
      await client.devices.load(),
      (() => {
        let count = 0;
        return () => ++count === 2;
      })(),
    );
    expect(first?.[0]?.id).toBe('cpu');
    expect(second?.[0]?.utilisation).toBeGreaterThanOrEqual(0);
  });

  it('refuses inputs with the field, hides what was not foreseen, keeps codes and details', async () => {
    expect(await refusal(client.runs.list({ limit: 5000 }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { field: 'limit' },
    });
    expect(await refusal(client.datasets.show({ id: 'none' }))).toMatchObject({
      code: 'NOT_FOUND',
      details: { dataset: 'none' },
    });
    // A data set's row that points into nowhere is a bug: the screen hears no stack and no path.
    const broken = await refusal(client.datasets.image({ id: datasetId, split: 'train', record: 1e15 }));
    expect(broken).toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('data sets', () => {
  it('are shown with classes, balance, images and skipped files', async () => {
    expect(await client.datasets.show({ id: datasetId })).toMatchObject({
      name: 'birds',
      trainImages: 12,
      valImages: 3,
      skippedFiles: { train: 1, val: 0 },
      runCount: 0,
      jobId: null,
    });
    const classes = await client.datasets.classes({
      id: datasetId,
      sort: 'name',
      descending: true,
      limit: 2,
    });
    expect(classes).toMatchObject({ total: 3, classes: [{ name: 'c' }, { name: 'b' }] });
    expect((await client.datasets.classes({ id: datasetId, search: 'B' })).total).toBe(1);
    expect(await client.datasets.balance({ id: datasetId })).toEqual({ train: [4, 4, 4], val: [1, 1, 1] });
    const skipped = await client.datasets.skipped({ id: datasetId, code: 'CORRUPT_IMAGE' });
    expect(skipped).toMatchObject({ total: 1, files: [{ path: 'b/bad.jpg' }], codes: [{ count: 1 }] });
    expect((await client.datasets.skipped({ id: datasetId, split: 'val' })).total).toBe(0);
  });

  it('page their images by class and search, any part of them', async () => {
    const paths = async (request: object) => {
      const page = await client.datasets.images({ id: datasetId, split: 'train', ...request });
      return [page.total, ...page.images.map(({ path }) => path)];
    };
    expect(await paths({ offset: 3, limit: 2 })).toEqual([12, 'a/3.jpg', 'b/0.jpg']);
    expect(await paths({ label: 1, offset: 2 })).toEqual([4, 'b/2.jpg', 'b/3.jpg']);
    expect(await paths({ search: 'c', limit: 1 })).toEqual([4, 'c/0.jpg']);
    expect(await paths({ search: 'nothing' })).toEqual([0]);
    expect(await paths({ offset: 99 })).toEqual([12]);
  });

  it('show an image with what its file says, and say so where the file is gone', async () => {
    const image = await client.datasets.image({ id: datasetId, split: 'train', record: 0 });
    expect(image).toMatchObject({
      path: 'a/0.jpg',
      className: 'a',
      original: { width: 500, height: 375, sizeBytes: 1 },
    });
    test.folder.delete('photos/val/a/0.jpg');
    const gone = await client.datasets.image({ id: datasetId, split: 'val', record: 0 });
    expect(gone).toMatchObject({ original: null, problem: expect.stringContaining('gone') });
    const answer = await test.fetch(`/images/original/${datasetId}/val/0`);
    expect(answer.status).toBe(404);
  });

  it('send pixels by id', async () => {
    for (const path of [
      `/images/dataset/${datasetId}/train/3`,
      `/images/dataset/${datasetId}/train/3?size=64`,
      `/images/mean/${datasetId}`,
      `/images/original/${datasetId}/train/0`,
    ]) {
      const answer = await test.fetch(path);
      expect(answer.status, path).toBe(200);
      expect(answer.headers.get('content-type'), path).toBe('image/jpeg');
      expect((await answer.arrayBuffer()).byteLength, path).toBeGreaterThan(0);
    }
    expect((await test.fetch(`/images/dataset/${datasetId}/train/99`)).status).toBe(404);
    expect((await test.fetch(`/images/dataset/${datasetId}/train/3?size=9999`)).status).toBe(400);
    expect((await test.fetch(`/images/dataset/${datasetId}/train/3?crop=224&top=99&left=0`)).status).toBe(
      400,
    );
  });

  it('are verified and searched for duplicates as jobs', async () => {
    expect((await client.datasets.duplicates({ id: datasetId })).foundAt).toBeNull();
    const { jobId } = await client.datasets.findDuplicates({ id: datasetId });
    expect((await app.jobEnd(jobId)).state).toBe('done');
    const found = await client.datasets.duplicates({ id: datasetId });
    // In the fake's packs the first record and the last are the same, in both splits.
    expect(found).toMatchObject({ surplus: expect.any(Number), groups: expect.any(Number) });
    expect(found.groups).toBeGreaterThan(0);
    expect(found.page[0]?.images[0]).toMatchObject({ path: 'a/0.jpg', className: 'a' });
    const verify = await client.datasets.verify({ id: datasetId });
    expect((await app.jobEnd(verify.jobId)).state).toBe('done');
  });

  it('refuse at once what cannot be added', async () => {
    const { train } = test.folder.photos();
    const add = (changes: object) => refusal(client.datasets.add({ name: 'x', train, ...changes }));
    expect(await add({ name: 'birds' })).toMatchObject({ code: 'NAME_TAKEN' });
    expect(await add({ name: ' x' })).toMatchObject({ code: 'INVALID_NAME' });
    expect(await add({ train: test.folder.path('nowhere') })).toMatchObject({ code: 'NOT_FOUND' });
    expect(await add({ val: train, valFraction: 0.1 })).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('can be paused while they are packed, continued, and removed with what that frees', async () => {
    // Enough to be packed for seconds.
    for (const name of ['a', 'b', 'c']) {
      test.folder.touch(...Array.from({ length: 300 }, (_, i) => `many/${name}/${i}.jpg`));
    }
    const train = test.folder.path('many');
    const { jobId } = await client.datasets.add({ name: 'slow', train, valFraction: 0.25 });
    const running = (job: Job) => job.id === jobId && job.subject !== null && job.progress !== null;
    await until(await client.jobs.watch(), running);
    await client.jobs.pause({ id: jobId });
    await until(await client.jobs.watch(), (job) => job.id === jobId && job.state === 'paused');
    await client.jobs.resume({ id: jobId });
    const job = await app.jobEnd(jobId);
    expect(job.state).toBe('done');
    const id = job.result ?? '';
    expect(await client.datasets.removal({ id })).toMatchObject({ name: 'slow', runCount: 0, blocked: '' });
    await client.datasets.remove({ id });
    expect(await refusal(client.datasets.show({ id }))).toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('augmentation and folders', () => {
  it('draws as training does, and keeps named settings', async () => {
    const settings = { crop: 'random', mirror: true, colourNoise: 0.1, mean: 'image' } as const;
    const source = { kind: 'dataset', id: datasetId, split: 'train', record: 3 } as const;
    const preview = await client.augmentation.preview({ source, settings, epochs: 4 });
    expect(preview.draws).toHaveLength(4);
    expect(preview.testCrops).toHaveLength(10);
    for (const { image } of preview.draws) expect((await test.fetch(image)).status, image).toBe(200);
    const saved = await client.augmentation.save({ name: 'strong', settings });
    expect(await refusal(client.augmentation.save({ name: 'strong', settings }))).toMatchObject({
      code: 'NAME_TAKEN',
    });
    await client.augmentation.save({ id: saved.id, name: 'weak', settings: { ...settings, mirror: false } });
    expect(await client.augmentation.list()).toMatchObject([{ name: 'weak', settings: { mirror: false } }]);
    await client.augmentation.remove({ id: saved.id });
    expect(await client.augmentation.list()).toEqual([]);
  });

  it('lists folders with counts, and what may not be entered not at all', async () => {
    mkdirSync(test.folder.path('photos/locked'), { mode: 0o000 });
    const listing = await client.folders.list({ path: test.folder.path('photos') });
    expect(listing.entries.map(({ name, folders }) => [name, folders])).toEqual(
      process.getuid?.() === 0
        ? [
            ['locked', 0],
            ['train', 3],
            ['val', 3],
          ]
        : [
            ['train', 3],
            ['val', 3],
          ],
    );
    const files = await client.folders.list({ path: test.folder.path('photos/train/b'), files: 'images' });
    expect(files.images).toBe(5);
    expect(files.entries[0]).toMatchObject({ name: '0.jpg', kind: 'file', sizeBytes: 1 });
    expect(await refusal(client.folders.list({ path: '/nowhere/at/all' }))).toMatchObject({
      code: 'NOT_FOUND',
    });
    expect(await refusal(client.folders.list({ path: 'etc' }))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect((await client.folders.list({})).places[0]?.name).toBe('Home');
    const relative = client.datasets.add({ name: 'relative', train: 'photos/train' });
    expect(await refusal(relative)).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
