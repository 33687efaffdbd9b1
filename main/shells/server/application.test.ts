// The contract over a real WebSocket on loopback: every screen's work on a studio with the fake engine.
import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StudioClient } from '../../api/contract.ts';
import { photoUploadUrl } from '../../api/image-urls.ts';
import type { Photo } from '../../api/operations/classify.ts';
import type { Job } from '../../api/operations/jobs.ts';
import type { RunBatch } from '../../api/operations/runs.ts';
import type { RunConfig } from '../../api/run-config.ts';
import { refusal, TestServer, until } from './testing/test-server.ts';

let test: TestServer;
let client: StudioClient;
let datasetId: string;

const ended = new Set(['done', 'failed', 'cancelled', 'interrupted']);

async function jobEnd(id: string, of: StudioClient = client): Promise<Job> {
  // Watched before it is looked at: what ends in between is told.
  const changes = await of.jobs.watch();
  const known = (await of.jobs.list()).find((job) => job.id === id);
  if (known !== undefined && ended.has(known.state)) {
    await changes.return?.();
    return known;
  }
  const jobs = await until(changes, (job) => job.id === id && ended.has(job.state));
  return jobs.at(-1) as Job;
}

/** Of the fake's net: `steps` steps, twelve an epoch, each epoch with a checkpoint. */
async function config(steps: number): Promise<RunConfig> {
  const preset = await client.config.fromPreset({ preset: 'alexnet', datasetId });
  const { epochs: _epochs, ...rest } = preset;
  return { ...rest, steps, optimiser: { ...rest.optimiser, batchSize: 1 } };
}

async function startRun(steps: number, name: string) {
  return await client.runs.start({ datasetId, config: await config(steps), name });
}

beforeAll(async () => {
  test = await TestServer.start({ stepMs: 3, images: 12 });
  ({ client } = await test.client());
  const { train, val } = test.folder.photos();
  const { jobId } = await client.datasets.add({ name: 'birds', train, val });
  const job = await jobEnd(jobId);
  expect(job).toMatchObject({ state: 'done', kind: 'addDataset', skipped: 1 });
  datasetId = job.result ?? '';
});
afterAll(() => test.close());

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
    expect((await jobEnd(jobId)).state).toBe('done');
    const found = await client.datasets.duplicates({ id: datasetId });
    // In the fake's packs the first record and the last are the same, in both splits.
    expect(found).toMatchObject({ surplus: expect.any(Number), groups: expect.any(Number) });
    expect(found.groups).toBeGreaterThan(0);
    expect(found.page[0]?.images[0]).toMatchObject({ path: 'a/0.jpg', className: 'a' });
    const verify = await client.datasets.verify({ id: datasetId });
    expect((await jobEnd(verify.jobId)).state).toBe('done');
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
    const job = await jobEnd(jobId);
    expect(job.state).toBe('done');
    const id = job.result ?? '';
    expect(await client.datasets.removal({ id })).toMatchObject({ name: 'slow', runCount: 0, blocked: '' });
    await client.datasets.remove({ id });
    expect(await refusal(client.datasets.show({ id }))).toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('runs', () => {
  const steps = (batches: readonly RunBatch[]) =>
    batches.flatMap(({ metrics }) => metrics.map(({ step }) => step));
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

  it('are checked as they are typed', async () => {
    const typed = { ...(await config(40)), threads: -1 };
    const { problems } = await client.config.check({ config: typed, datasetId });
    expect(problems).toEqual([expect.objectContaining({ field: 'threads', code: 'INVALID_CONFIG' })]);
    const good = await client.config.check({ config: await config(40), datasetId });
    expect(good.problems).toEqual([]);
    expect(good.plan).toEqual({ stepsPerEpoch: 12, totalSteps: 40, epochs: 40 / 12, images: 40 });
    expect(good.costs).toMatchObject([{ device: 'cpu', usable: true }]);
    const classes = { ...(await config(40)), net: { ...(await config(40)).net, classes: 7 } };
    const wrong = await client.config.check({ config: classes, datasetId });
    expect(wrong.problems[0]).toMatchObject({ field: 'net.classes' });
    expect((await client.config.check({ config: null })).problems).toHaveLength(1);
  });

  it('are watched by several from wherever they left off, and go on while nobody is connected', async () => {
    const { runId, jobId } = await startRun(120, 'watched');
    const first = await test.client();
    const begun = await until(
      await first.client.runs.watch({ id: runId, afterStep: 0, afterEvent: 0 }),
      (batch) => batch.metrics.length > 0,
    );
    const left = steps(begun).at(-1) ?? 0;
    first.socket.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    // Another page, as after a reload: it says what it has, and gets the rest.
    const again = await test.client();
    const over = (batch: RunBatch) => batch.run?.state === 'finished';
    const [rest, all] = await Promise.all([
      until(await again.client.runs.watch({ id: runId, afterStep: left }), over),
      until(await client.runs.watch({ id: runId, afterStep: 0, afterEvent: 0 }), over),
    ]);
    expect([...steps(begun), ...steps(rest)]).toEqual(range(1, 120));
    expect(steps(all)).toEqual(range(1, 120));
    const kinds = all.flatMap(({ events }) => events.map(({ kind }) => kind));
    expect(kinds[0]).toBe('started');
    expect(kinds).toContain('checkpoint');
    expect((await jobEnd(jobId)).state).toBe('done');
    again.socket.close();
  });

  it('wait for each other on one device; one that waits can be cancelled and is gone', async () => {
    const first = await startRun(200, 'first');
    const second = await startRun(10, 'second');
    const third = await startRun(10, 'third');
    const state = async (id: string) => (await client.jobs.list()).find((job) => job.id === id)?.state;
    expect(await state(second.jobId)).toBe('queued');
    await client.jobs.move({ id: third.jobId, before: second.jobId });
    await client.jobs.cancel({ id: second.jobId });
    expect(await refusal(client.runs.show({ id: second.runId }))).toMatchObject({ code: 'NOT_FOUND' });
    await jobEnd(first.jobId);
    expect((await jobEnd(third.jobId)).state).toBe('done');
    expect(await state(second.jobId)).toBe('cancelled');
  });

  it('are steered, paused and stopped with a checkpoint, resumed to the end', async () => {
    const { runId, jobId } = await startRun(600, 'steered');
    await until(await client.runs.watch({ id: runId, afterStep: 0 }), ({ metrics }) => metrics.length > 0);
    expect((await client.runs.show({ id: runId })).steerable).toBe(true);
    await client.runs.steer({ id: runId, command: { command: 'setRate', value: 0.5 } });
    const unknown = { command: 'freeze', layer: 'conv9' } as const;
    expect(await refusal(client.runs.steer({ id: runId, command: unknown }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('no layer conv9'),
    });
    const valueless = { command: 'setRate' } as const;
    expect(await refusal(client.runs.steer({ id: runId, command: valueless }))).toMatchObject({
      details: { field: 'value' },
    });
    await client.jobs.pause({ id: jobId });
    await until(await client.runs.watch({ id: runId }), (batch) => batch.run?.state === 'paused');
    const { step } = await client.runs.show({ id: runId });
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect((await client.runs.show({ id: runId })).step).toBe(step);
    await client.runs.steer({ id: runId, command: { command: 'resume' } });
    await until(await client.runs.watch({ id: runId }), ({ metrics }) => metrics.length > 0);
    expect(await refusal(client.runs.delete({ ids: [runId] }))).toMatchObject({ code: 'BUSY' });
    await client.jobs.cancel({ id: jobId });
    expect((await jobEnd(jobId)).state).toBe('cancelled');
    const stopped = await client.runs.show({ id: runId });
    expect(stopped).toMatchObject({ state: 'stopped', steerable: false, jobId: null });
    expect(stopped.checkpoints.length).toBeGreaterThan(0);
    const commands = stopped.events
      .filter(({ kind }) => kind === 'command')
      .map(({ payload }) => payload.command);
    expect(commands).toEqual(['setRate', 'pause', 'resume', 'stop']);
    const resumed = await client.runs.resume({ id: runId, threads: 2 });
    expect(await refusal(client.runs.resume({ id: runId }))).toMatchObject({ code: 'BUSY' });
    expect((await jobEnd(resumed.jobId)).state).toBe('done');
    expect(await client.runs.show({ id: runId })).toMatchObject({
      state: 'finished',
      step: 600,
      config: { threads: 2 },
    });
    expect(await refusal(client.runs.resume({ id: runId }))).toMatchObject({ code: 'RUN_NOT_RESUMABLE' });
  });

  it('are listed by filter, search and order, edited, compared and deleted', async () => {
    const { runs, total } = await client.runs.list({ datasetId, sort: 'step', descending: false });
    expect(total).toBe(runs.length);
    expect(runs.map(({ step }) => step)).toEqual(runs.map(({ step }) => step).sort((a, b) => a - b));
    const [a, b] = runs;
    if (a === undefined || b === undefined) throw new Error('there are two runs');
    const edited = await client.runs.edit({
      id: a.id,
      starred: true,
      tags: ['good', 'wide'],
      notes: 'Keep it',
    });
    expect(edited).toMatchObject({ starred: true, tags: ['good', 'wide'], notes: 'Keep it' });
    const ids = async (request: object) => (await client.runs.list(request)).runs.map(({ id }) => id);
    expect(await ids({ starred: true })).toEqual([a.id]);
    expect(await ids({ tag: 'wide' })).toEqual([a.id]);
    expect(await ids({ search: 'KEEP' })).toEqual([a.id]);
    expect(await ids({ states: ['running'] })).toEqual([]);
    expect(await ids({ preset: 'nothing' })).toEqual([]);
    expect((await client.runs.list({ limit: 1, offset: 1 })).runs).toHaveLength(1);
    expect((await client.runs.facets()).tags).toEqual([
      { tag: 'good', count: 1 },
      { tag: 'wide', count: 1 },
    ]);
    const compared = await client.runs.compare({ ids: [a.id, b.id], points: 10 });
    expect(compared.runs.map(({ id }) => id)).toEqual([a.id, b.id]);
    expect(compared.differences.map(({ field }) => field)).toContain('steps');
    expect(compared.curves).toHaveLength(2);
    expect(await client.runs.doctor({ id: a.id })).toHaveLength(1);
    const removal = await client.runs.removal({ ids: [b.id] });
    expect(removal.sizeBytes).toBeGreaterThan(0);
    await client.runs.delete({ ids: [b.id] });
    expect(await ids({ search: b.id })).toEqual([]);
  });

  it('lose checkpoints one by one, and their space', async () => {
    const { runId, jobId } = await startRun(64, 'checkpoints');
    await jobEnd(jobId);
    const before = await client.runs.checkpoints({ id: runId });
    const { sizeBytes } = await client.runs.show({ id: runId });
    const [oldest] = before;
    expect(before.length).toBeGreaterThan(1);
    const left = await client.runs.deleteCheckpoints({ id: runId, checkpointIds: [oldest?.id ?? 0] });
    expect(left).toEqual(before.slice(1));
    expect((await client.runs.show({ id: runId })).sizeBytes).toBeLessThanOrEqual(sizeBytes);
    const missing = client.runs.deleteCheckpoints({ id: runId, checkpointIds: [oldest?.id ?? 0] });
    expect(await refusal(missing)).toMatchObject({ code: 'NOT_FOUND' });
    const layers = await client.runs.layers({ id: runId });
    expect(layers.layers[0]).toMatchObject({ layer: expect.any(String), weights: expect.any(Number) });
  });
});

describe('evaluations', () => {
  it('are made as jobs and read part by part', async () => {
    const { runId, jobId } = await startRun(16, 'evaluated');
    await jobEnd(jobId);
    const model = `${runId}@last`;
    expect((await client.models.choices({})).map(({ reference }) => reference)).toContain(runId);
    const started = await client.evaluations.start({ model, datasetId, crops: 10 });
    const job = await jobEnd(started.jobId);
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
    await client.evaluations.remove({ id });
    expect(await refusal(client.evaluations.show({ id }))).toMatchObject({ code: 'NOT_FOUND' });
    const impossible = client.evaluations.start({ model: 'nothing', datasetId });
    expect(await refusal(impossible)).toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('classification', () => {
  async function upload(name: string): Promise<Photo> {
    const answer = await test.fetch(photoUploadUrl(name), { method: 'POST', body: 'photo' });
    expect(answer.status).toBe(200);
    return (await answer.json()) as Photo;
  }

  it('answers uploaded photos and files by two models, each crop too, and keeps a history', async () => {
    const { runId, jobId } = await startRun(16, 'classifier');
    await jobEnd(jobId);
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
    const { jobId } = await client.classify.folder({
      paths: [test.folder.path('photos/train/b')],
      model: run?.id ?? '',
    });
    expect(await jobEnd(jobId)).toMatchObject({ state: 'done', skipped: 1 });
    const results = await client.classify.results({ jobId });
    expect(results).toMatchObject({ total: 5, failed: 1 });
    expect((await client.classify.results({ jobId, search: 'bad' })).total).toBe(1);
    const { text } = await client.classify.resultsCsv({ jobId });
    expect(text.trim().split('\r\n')).toHaveLength(6);
    const relative = client.classify.folder({ paths: ['photos'], model: run?.id ?? '' });
    expect(await refusal(relative)).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('augmentation, models and folders', () => {
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

  it('exports a model as a job and imports it again', async () => {
    const [run] = (await client.runs.list({ search: 'classifier' })).runs;
    const file = test.folder.path('model.safetensors');
    const exported = await client.models.export({ model: run?.id ?? '', file });
    expect((await jobEnd(exported.jobId)).state).toBe('done');
    const imported = await client.models.import({ file, name: 'mine' });
    const job = await jobEnd(imported.jobId);
    expect(job.state).toBe('done');
    expect(await client.models.list()).toMatchObject([{ id: job.result, name: 'mine', classes: 3 }]);
    const storage = await client.studio.storage();
    expect(storage.models).toMatchObject([{ name: 'mine' }]);
    await client.models.remove({ id: job.result ?? '' });
    expect(await client.models.list()).toEqual([]);
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
  });
});
