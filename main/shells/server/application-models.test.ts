// The contract over a real WebSocket on loopback, with the fake engine: evaluations, photos, models.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StudioClient } from '../../api/contract.ts';
import { photoUploadUrl } from '../../api/image-urls.ts';
import type { Photo } from '../../api/operations/classify.ts';
import { TestApplication } from './testing/test-application.ts';
import { refusal, type TestServer } from './testing/test-server.ts';

let app: TestApplication;
let test: TestServer;
let client: StudioClient;
let datasetId: string;

beforeAll(async () => {
  app = await TestApplication.start();
  ({ test, client, datasetId } = app);
});
afterAll(() => app.close());

describe('evaluations', () => {
  it('are made as jobs and read part by part', async () => {
    const runId = await app.trainedRun(16, 'evaluated');
    const model = `${runId}@last`;
    expect((await client.models.choices({})).map(({ reference }) => reference)).toContain(runId);
    const started = await client.evaluations.start({ models: [model], datasetId, crops: 10 });
    const job = await app.jobEnd(started.jobId);
    expect(job.state).toBe('done');
    const id = job.result ?? '';
    const listed = await client.evaluations.list({ runId });
    expect(listed).toMatchObject({ total: 1, evaluations: [{ id, title: 'evaluated on birds, step 16' }] });
    const report = await client.evaluations.show({ id });
    expect(report).toMatchObject({ names: ['a', 'b', 'c'], crops: 10, chance: 1 - 1 / 3 });
    expect(report.calibration.reduce((sum, bin) => sum + bin.images, 0)).toBe(report.images);
    const classes = await client.evaluations.classes({ id, sort: 'name', descending: false });
    expect(classes.classes.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    expect((await client.evaluations.pairs({ id })).pairs[0]).toMatchObject({ answeredName: 'a' });
    expect((await client.evaluations.confusion({ id })).classes).toBe(3);
    for (const format of ['html', 'csv', 'json'] as const) {
      const file = await client.evaluations.export({ id, format });
      expect(file.fileName).toBe(`evaluated-on-birds-step-16.${format}`);
      expect(file.text.length).toBeGreaterThan(100);
    }

    const both = [`${runId}@best`, model];
    const average = await app.jobEnd((await client.evaluations.start({ models: both, datasetId })).jobId);
    const averaged = await client.evaluations.show({ id: average.result ?? '' });
    expect(averaged).toMatchObject({ members: 2, presets: [report.presets[0]], names: ['a', 'b', 'c'] });
    expect(averaged.title).toMatch(/^evaluated, step \d+ \+ evaluated, step 16 on birds$/);
    expect(averaged.averaged.map(({ runId: of }) => of)).toEqual([runId, runId]);
    // The run's own evaluations, and the average that it is in.
    expect((await client.evaluations.list({ runId })).total).toBe(4);
    const json = await client.evaluations.export({ id: averaged.id, format: 'json' });
    expect(JSON.parse(json.text)).toMatchObject({ averaged: [{ runId }, { runId }] });
    const comparison = await client.evaluations.compare({ a: id, b: averaged.id });
    // The fake answers alike: nobody has what the other has not.
    expect(comparison.counts).toMatchObject({ onlyA: 0, onlyB: 0 });
    expect(comparison.counts.both + comparison.counts.neither).toBe(report.images);
    expect(comparison.classes.map(({ name }) => name).sort()).toEqual(['a', 'b', 'c']);
    const table = await client.evaluations.exportComparison({ a: id, b: averaged.id });
    expect(table.text.trim().split('\r\n')).toHaveLength(report.images + 1);
    const page = await client.runs.report({ id: runId });
    expect(page).toMatchObject({ fileName: 'evaluated.html', mediaType: 'text/html' });
    const twice = client.evaluations.start({ models: [model, model], datasetId });
    expect(await refusal(twice)).toMatchObject({ code: 'INVALID_ARGUMENT' });

    await client.evaluations.remove({ id });
    expect(await refusal(client.evaluations.show({ id }))).toMatchObject({ code: 'NOT_FOUND' });
    const impossible = client.evaluations.start({ models: ['nothing'], datasetId });
    expect(await refusal(impossible)).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('show an image as its ten crops, each with its own answer', async () => {
    const runId = await app.trainedRun(16, 'cropped');
    const evaluate = async (models: string[]): Promise<string> => {
      const { jobId } = await client.evaluations.start({ models, datasetId, split: 'train' });
      return (await app.jobEnd(jobId)).result ?? '';
    };
    const id = await evaluate([`${runId}@last`]);
    const { crops, predictions } = await client.evaluations.crops({ id, record: 1 });
    // The fake answers every crop as it answers the whole.
    expect(predictions).toHaveLength(3);
    expect(predictions[0]?.name).toBe(['a', 'b', 'c'][predictions[0]?.class ?? 3]);
    expect(crops.map(({ mirror }) => mirror)).toEqual([...Array(5).fill(false), ...Array(5).fill(true)]);
    for (const crop of crops) {
      expect(crop.predictions).toEqual(predictions);
      expect((await test.fetch(crop.image)).status, crop.image).toBe(200);
    }
    const none = client.evaluations.crops({ id, record: 12 });
    expect(await refusal(none)).toMatchObject({ code: 'NOT_FOUND' });
    const average = await evaluate([`${runId}@best`, `${runId}@last`]);
    const ofAverage = client.evaluations.crops({ id: average, record: 1 });
    expect(await refusal(ofAverage)).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('classification', () => {
  async function upload(name: string): Promise<Photo> {
    const answer = await test.fetch(photoUploadUrl(name), { method: 'POST', body: 'photo' });
    expect(answer.status).toBe(200);
    return (await answer.json()) as Photo;
  }

  it('answers uploaded photos and files by two models, each crop too, and keeps a history', async () => {
    const runId = await app.trainedRun(16, 'classifier');
    const uploaded = await upload('../../my photo.jpg');
    expect(uploaded).toMatchObject({ name: 'my photo.jpg', uploaded: true, sizeBytes: 5 });
    const [local] = await client.classify.addPaths({ paths: [test.folder.path('photos/train/a/0.jpg')] });
    const [bad] = await client.classify.addPaths({ paths: [test.folder.path('photos/train/b/bad.jpg')] });
    const [known] = await client.classify.addPaths({ paths: [test.folder.path('photos/train/a/0.jpg')] });
    expect(known?.id).toBe(local?.id);
    const photoIds = [uploaded.id, local?.id ?? '', bad?.id ?? ''];
    const models = [runId, `${runId}@last`];
    const answers = [];
    for await (const answer of await client.classify.photosWith({ photoIds, models, crops: 10, top: 2 })) {
      answers.push(answer);
    }
    expect(answers.map(({ photoId, model }) => [photoId, model])).toEqual(
      photoIds.flatMap((photoId) => models.map((model) => [photoId, model])),
    );
    expect(answers[0]?.predictions).toHaveLength(2);
    expect(answers[0]?.crops).toHaveLength(10);
    expect(answers[0]?.error).toBeNull();
    expect(answers[4]).toMatchObject({ predictions: [], crops: [], error: { code: 'CORRUPT_IMAGE' } });
    const history = await client.classify.history({ limit: 3 });
    expect(history.total).toBe(6);
    expect(history.results[0]).toMatchObject({ name: 'bad.jpg', model: models[1] });
    for (const path of [uploaded.image, `${uploaded.image}/square`, history.results[2]?.image ?? '']) {
      expect((await test.fetch(path)).status, path).toBe(200);
    }
    await client.classify.removePhoto({ id: uploaded.id });
    expect((await test.fetch(uploaded.image)).status).toBe(404);
    await client.classify.clearHistory();
    expect((await client.classify.history({})).total).toBe(0);
  });

  it('answers folders as a job, with a table and CSV', async () => {
    const [run] = (await client.runs.list({ search: 'classifier' })).runs;
    const { jobId, id } = await client.classify.folder({
      paths: [test.folder.path('photos/train/b')],
      model: run?.id ?? '',
    });
    expect(await app.jobEnd(jobId)).toMatchObject({ state: 'done', skipped: 1 });
    const results = await client.classify.results({ id });
    expect(results).toMatchObject({ total: 5, failed: 1 });
    expect((await client.classify.results({ id, search: 'bad' })).total).toBe(1);
    const { text } = await client.classify.resultsCsv({ id });
    expect(text.trim().split('\r\n')).toHaveLength(6);
    const relative = client.classify.folder({ paths: ['photos'], model: run?.id ?? '' });
    expect(await refusal(relative)).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('models', () => {
  it('exports a model as a job and imports it again', async () => {
    const [run] = (await client.runs.list({ search: 'classifier' })).runs;
    const file = test.folder.path('model.safetensors');
    const exported = await client.models.export({ model: run?.id ?? '', file });
    expect((await app.jobEnd(exported.jobId)).state).toBe('done');
    const imported = await client.models.import({ file, name: 'mine' });
    const job = await app.jobEnd(imported.jobId);
    expect(job.state).toBe('done');
    expect(await client.models.list()).toMatchObject([{ id: job.result, name: 'mine', classes: 3 }]);
    const storage = await client.studio.storage();
    expect(storage.models).toMatchObject([{ name: 'mine' }]);
    await client.models.remove({ id: job.result ?? '' });
    expect(await client.models.list()).toEqual([]);
  });

  it('checks what is imported on a data set of all of its classes, of some, and says where it is of none', async () => {
    const [run] = (await client.runs.list({ search: 'classifier' })).runs;
    const file = test.folder.path('checked.safetensors');
    await app.jobEnd((await client.models.export({ model: run?.id ?? '', file })).jobId);
    const add = async (name: string, ...classes: string[]): Promise<string> => {
      for (const split of ['train', 'val'])
        test.folder.touch(...classes.map((one) => `${name}/${split}/${one}/0.jpg`));
      const [train, val] = [test.folder.path(name, 'train'), test.folder.path(name, 'val')];
      return (await app.jobEnd((await client.datasets.add({ name, train, val })).jobId)).result ?? '';
    };
    const importOn = async (name: string, checkOn: string) =>
      await app.jobEnd((await client.models.import({ file, name, checkOn })).jobId);
    const listed = async (name: string) => (await client.models.list()).find((one) => one.name === name);

    expect(await importOn('on all', datasetId)).toMatchObject({ state: 'done', error: null });
    expect(await listed('on all')).toMatchObject({ measuredOn: 'birds', measuredClasses: null });
    expect(await importOn('on some', await add('some', 'B', 'a', 'owl'))).toMatchObject({
      state: 'done',
      error: null,
    });
    expect(await listed('on some')).toMatchObject({
      measuredOn: 'some',
      measuredClasses: 2,
      // The fake answers a to all: half of those it knows.
      measuredTop1: 0.5,
    });
    const failed = await importOn('on none', await add('strange', 'crow', 'owl'));
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'INVALID_ARGUMENT' } });
    expect(failed.error?.message).toMatch(/^on none is imported, but was not checked: no class of/);
    expect(await listed('on none')).toMatchObject({ measuredTop1: null, measuredOn: null });
  });
});
