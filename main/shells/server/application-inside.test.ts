// The contract over a real WebSocket on loopback, with the fake engine: looking inside, activity, retrieval.
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StudioClient } from '../../api/contract.ts';
import { imageUrls } from '../../api/image-urls.ts';
import { TestApplication } from './testing/test-application.ts';
import { refusal, type TestServer } from './testing/test-server.ts';

let app: TestApplication;
let test: TestServer;
let client: StudioClient;
let datasetId: string;
let runId: string;
let photo: { datasetId: string; split: 'val'; record: number };

beforeAll(async () => {
  app = await TestApplication.start();
  ({ test, client, datasetId } = app);
  runId = await app.trainedRun(16, 'inside');
  photo = { datasetId, split: 'val', record: 2 };
});
afterAll(() => app.close());

const notFound = expect.objectContaining({ code: 'NOT_FOUND' });
const invalid = expect.objectContaining({ code: 'INVALID_ARGUMENT' });

describe('activity', () => {
  it('is measured over training images, kept with the checkpoint, and gone with the run', async () => {
    const other = await app.trainedRun(16, 'short-lived');
    expect(await client.inspect.activity({ model: other })).toBeNull();
    const measured = await client.inspect.measureActivity({ model: other, datasetId, images: 100 });
    expect(measured).toMatchObject({ datasetId, datasetName: 'birds', images: 100 });
    expect(measured.layers).toEqual([
      {
        layer: 'conv1',
        units: 4,
        mean: 1.5,
        zeroShare: 0.4375,
        saturatedShare: 0,
        dead: 1,
        rare: 1,
        activeShare: [1, 1, 1, 0],
      },
    ]);
    expect(await client.inspect.activity({ model: other })).toEqual(measured);
    const again = await client.inspect.measureActivity({ model: other, datasetId, images: 50 });
    expect(await client.inspect.activity({ model: other })).toEqual(again);
    await client.runs.delete({ ids: [other] });
    const none = client.inspect.measureActivity({ model: runId, datasetId: 'nothing' });
    expect(await refusal(none)).toEqual(notFound);
  });
});

describe('retrieval', () => {
  const indexes = () => readdirSync(test.folder.path('home/indexes'));

  it('builds an index once, finds neighbours but the photo itself, and leaves nothing behind', async () => {
    const { jobId, indexId } = await client.retrieval.build({ model: runId, datasetId });
    const waiting = client.retrieval.nearest({ id: indexId, photo });
    expect(await refusal(waiting)).toEqual(invalid);
    expect(await app.jobEnd(jobId)).toMatchObject({ state: 'done', result: indexId, kind: 'buildIndex' });
    expect(await client.retrieval.list()).toMatchObject([
      {
        id: indexId,
        modelTitle: 'inside, step 12',
        datasetName: 'birds',
        split: 'train',
        state: 'ready',
        images: 64,
        sizeBytes: 5,
      },
    ]);
    expect(indexes()).toEqual([`${indexId}.index`]);
    expect(await refusal(client.retrieval.build({ model: runId, datasetId }))).toEqual(invalid);

    const found = await client.retrieval.nearest({ id: indexId, photo, count: 3 });
    expect(found.neighbours).toEqual(
      [0, 1, 2].map((record) => ({
        record,
        class: record % 3,
        className: ['a', 'b', 'c'][record % 3],
        distance: record,
        image: imageUrls.record(datasetId, 'train', record),
      })),
    );
    const own = { datasetId, split: 'train' as const, record: 0 };
    const others = await client.retrieval.nearest({ id: indexId, photo: own, count: 2 });
    expect(others.neighbours.map(({ record }) => record)).toEqual([1, 2]);
    const outside = { datasetId, split: 'train' as const, record: 99 };
    expect(await refusal(client.retrieval.nearest({ id: indexId, photo: outside }))).toEqual(notFound);

    await client.retrieval.remove({ id: indexId });
    expect(indexes()).toEqual([]);
    expect(await refusal(client.retrieval.nearest({ id: indexId, photo }))).toEqual(notFound);
  });

  it('takes an index away with its run, and files that nobody knows', async () => {
    const other = await app.trainedRun(16, 'indexed');
    const { jobId, indexId } = await client.retrieval.build({ model: other, datasetId });
    await app.jobEnd(jobId);
    writeFileSync(test.folder.path('home/indexes/bcdfghjkmn.index.part'), 'left over');
    await client.runs.delete({ ids: [other] });
    expect(existsSync(test.folder.path(`home/indexes/${indexId}.index`))).toBe(false);
    expect(indexes()).toEqual([]);
    expect(await client.retrieval.list()).toEqual([]);
  });
});

describe("the first layer's kernels", () => {
  it('are there for every epoch, with how much of each column is colour', async () => {
    const history = await client.runs.kernelHistory({ id: runId });
    expect(history).toMatchObject({ layer: 'conv1', kernels: 4, size: 5, columns: 2 });
    expect(history.points.map(({ step, epoch }) => [step, epoch])).toEqual([
      [12, 1],
      [16, 2],
    ]);
    for (const { colourShare, image } of history.points) {
      expect(colourShare).toHaveLength(2);
      expect(colourShare.every((share) => share >= 0 && share <= 1)).toBe(true);
      const answer = await test.fetch(image);
      expect(answer.headers.get('content-type')).toBe('image/png');
    }
    expect(await refusal(client.runs.kernelHistory({ id: 'nothing' }))).toEqual(notFound);
    expect((await test.fetch(imageUrls.kernelsAt(runId, 999))).status).toBe(404);
    expect((await test.fetch(imageUrls.made('bcdfghjkmn'))).status).toBe(404);
  });
});
