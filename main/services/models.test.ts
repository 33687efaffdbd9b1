import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../api/errors.ts';
import type { ClassifiedFile } from '../api/predictions.ts';
import { openReadableDatabase } from '../data/open-database.ts';
import { listPredictions } from '../data/predictions.ts';
import { ModelResolver, type ResolvedModel } from './model-resolver.ts';
import type { Studio } from './studio.ts';
import { TestFolder } from './testing/test-studio.ts';

// Every test starts processes, which takes long where others compute on the same cores.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

let folder: TestFolder;
let studio: Studio;
let run: string;
beforeEach(async () => {
  folder = new TestFolder();
  studio = folder.open();
  await studio.datasets.add({ name: 'pets', ...folder.photos() }, () => {});
  run = (await studio.training.start({ dataset: 'pets', steps: 10, batchSize: 16, name: 'net' }, () => {}))
    .id;
});
afterEach(() => folder.remove());

function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof AppError ? error.code : String(error)),
  );
}

function bytesOf(file: string): { header: Record<string, unknown>; data: Buffer } {
  const bytes = readFileSync(file);
  const length = Number(bytes.readBigUInt64LE(0));
  return { header: JSON.parse(bytes.toString('utf8', 8, 8 + length)), data: bytes.subarray(8 + length) };
}

/** A safetensors file of zeros. */
function writeTensors(file: string, shapes: Record<string, number[]>): void {
  const header: Record<string, unknown> = {};
  let end = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    const size = shape.reduce((a, b) => a * b, 4);
    header[name] = { dtype: 'F32', shape, data_offsets: [end, end + size] };
    end += size;
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  writeFileSync(file, Buffer.concat([length, json, Buffer.alloc(end)]));
}

const fakeShapes = {
  'conv1.weight': [4, 3, 5, 5],
  'conv1.bias': [4],
  'fc2.weight': [3, 100],
  'fc2.bias': [3],
};

describe('export and import', () => {
  it('bring everything back, bit for bit', async () => {
    const out = folder.path('a.safetensors');
    await studio.models.exportFile({ model: 'net@last', format: 'safetensors', out });
    const model = await studio.models.importFile({ file: out, name: 'back' });
    expect(model).toMatchObject({ preset: 'alexnet', labels: ['a', 'b', 'c'] });
    const { config, preprocessing } = studio.runs.show(run);
    expect(model.net).toEqual(config.net);
    expect({ ...model.preprocessing, meanImageFile: '' }).toEqual({ ...preprocessing, meanImageFile: '' });
    const mean = (file: string | undefined) => readFileSync(folder.path('home', file ?? ''));
    expect(mean(model.preprocessing.meanImageFile)).toEqual(mean(preprocessing.meanImageFile));
    const again = folder.path('b.safetensors');
    await studio.models.exportFile({ model: 'back', format: 'safetensors', out: again });
    expect(bytesOf(again).data).toEqual(bytesOf(out).data);
    expect(Object.keys(bytesOf(out).header).sort()).toEqual(
      ['__metadata__', ...Object.keys(fakeShapes)].sort(),
    );
    studio.models.remove('back');
    expect(studio.models.list()).toEqual([]);
    expect(existsSync(folder.path('home', model.file))).toBe(false);
  });

  it('refuse what does not fit, naming the layers, and leave nothing behind', async () => {
    const file = folder.path('x.safetensors');
    writeTensors(file, { ...fakeShapes, 'fc2.weight': [3, 99] });
    const refused = studio.models.importFile({ file, name: 'x', preset: 'alexnet' });
    await expect(refused).rejects.toThrow('fc2.weight is [3, 99]; the net wants [3, 100]');
    writeFileSync(file, 'rubbish');
    expect(await codeOf(studio.models.importFile({ file, name: 'x' }))).toBe('INVALID_MODEL');
    expect(await codeOf(studio.models.importFile({ file: folder.path('gone'), name: 'x' }))).toBe(
      'NOT_FOUND',
    );
    writeTensors(file, fakeShapes);
    expect(await codeOf(studio.models.importFile({ file, name: 'x', preset: 'x' }))).toBe('INVALID_CONFIG');
    expect(await codeOf(studio.models.importFile({ file, name: 'a@b' }))).toBe('INVALID_NAME');
    const labels = folder.path('labels.txt');
    writeFileSync(labels, 'only one\n');
    expect(await codeOf(studio.models.importFile({ file, name: 'x', labels }))).toBe('INVALID_LABELS');
    const noLabels = studio.models.importFile({ file, name: 'x', labels: folder.root });
    await expect(noLabels).rejects.toThrow('is a folder, not a file');
    expect(studio.models.list()).toEqual([]);
    await studio.models.importFile({ file, name: 'x' });
    expect(await codeOf(studio.models.importFile({ file, name: 'x' }))).toBe('NAME_TAKEN');
  });

  it('write no file into a folder that is not there', async () => {
    const out = folder.path('gone/a.safetensors');
    const { models } = studio;
    expect(await codeOf(models.exportFile({ model: 'net', format: 'safetensors', out }))).toBe('NOT_FOUND');
  });

  it('bring back the same bytes through a PyTorch file, and class names alone as JSON', async () => {
    const [first, second, third] = [
      folder.path('a.safetensors'),
      folder.path('b.pth'),
      folder.path('c.safetensors'),
    ];
    await studio.models.exportFile({ model: 'net@last', format: 'safetensors', out: first });
    await studio.models.exportFile({ model: 'net@last', format: 'pytorch', out: second });
    expect(studio.models.inspect(second, {})).toMatchObject({
      format: 'pytorch',
      kind: 'a model of AlexNet Studio',
      fits: true,
      labels: { from: 'file', first: ['a', 'b', 'c'] },
    });
    const model = await studio.models.importFile({ file: second, name: 'back' });
    expect(model.source).toMatchObject({ format: 'pytorch', importedFrom: 'b.pth' });
    await studio.models.exportFile({ model: 'back', format: 'safetensors', out: third });
    expect(bytesOf(third).data).toEqual(bytesOf(first).data);
    const labels = folder.path('labels.json');
    await studio.models.exportFile({ model: 'back', format: 'labels', out: labels });
    expect(JSON.parse(readFileSync(labels, 'utf8'))).toMatchObject({
      labels: ['a', 'b', 'c'],
      preset: 'alexnet',
    });
    // And such a file is one of class names.
    expect(studio.models.inspect(first, { labels }).labels).toEqual({ from: 'you', first: ['a', 'b', 'c'] });
  });
});

describe('MODEL', () => {
  it('is a name, a run, or one of its checkpoints', async () => {
    const step = async (model: string) =>
      (
        await studio.evaluation.evaluate(
          { models: [model], dataset: 'pets', split: 'val', crops: 1, ties: 'first' },
          () => {},
        )
      ).checkpointStep;
    expect(await step(`${run}@last`)).toBe(10);
    // The fake calls the end of an epoch the best.
    expect(await step('net')).toBe(8);
    expect(await step('net@best')).toBe(8);
    expect(await step(`${run.slice(0, 7)}@10`)).toBe(10);
    await expect(step('net@3')).rejects.toThrow('no checkpoint of step 3; there are those of steps');
    await expect(step('net@first')).rejects.toThrow("not 'first'");
    await expect(step('nobody')).rejects.toThrow('no model or run nobody');
  });
});

describe('a checkpoint that is removed while it is read', () => {
  const gone = (id: unknown) => new AppError('NOT_FOUND', 'gone', { checkpointId: id });

  it('is looked up again, some times', async () => {
    const db = openReadableDatabase(studio.directory.databaseFile);
    const resolver = new ModelResolver(db, studio.directory);
    const ids: unknown[] = [];
    const removed = (times: number) => (model: ResolvedModel) => {
      const id = model.source.kind === 'checkpoint' ? model.source.checkpointId : 0;
      ids.push(id);
      return ids.length <= times ? Promise.reject(gone(id)) : Promise.resolve(model.checkpointStep);
    };
    expect(await resolver.withModel('net@last', removed(2))).toBe(10);
    expect(ids).toHaveLength(3);
    expect(await codeOf(resolver.withModel('net@last', removed(100)))).toBe('NOT_FOUND');
    expect(ids).toHaveLength(8);
    const other = resolver.withModel('net@last', () => Promise.reject(gone(77)));
    await expect(other).rejects.toThrow('gone');
    db.close();
  });
});

describe('evaluation', () => {
  it('is stored, and reported as a file', async () => {
    const report = folder.path('report.html');
    const result = await studio.evaluation.evaluate(
      { models: ['net'], dataset: 'pets', split: 'train', crops: 10, ties: 'first', report },
      () => {},
    );
    expect(result).toMatchObject({
      images: 64,
      classes: 3,
      top5Error: 0,
      loss: 1,
      crops: 10,
      split: 'train',
    });
    expect(result.pairs[0]).toMatchObject({ answeredName: 'a' });
    expect(readFileSync(report, 'utf8')).toContain('net on pets');
  });

  it('refuses a report into nowhere, a split that is not there and other classes', async () => {
    const request = { models: ['net'], dataset: 'pets', split: 'val', crops: 1, ties: 'first' } as const;
    const evaluate = (more: object) => codeOf(studio.evaluation.evaluate({ ...request, ...more }, () => {}));
    expect(await evaluate({ report: folder.path('gone/r.html') })).toBe('NOT_FOUND');
    folder.touch('a-file');
    expect(await evaluate({ report: folder.path('a-file/r.html') })).toBe('INVALID_ARGUMENT');
    expect(await evaluate({ report: folder.root })).toBe('INVALID_ARGUMENT');
    await studio.datasets.add({ name: 'no-val', train: folder.path('photos/train') }, () => {});
    expect(await evaluate({ dataset: 'no-val' })).toBe('INVALID_ARGUMENT');
    folder.touch('two/a/1.jpg', 'two/b/1.jpg');
    await studio.datasets.add({ name: 'two', train: folder.path('two') }, () => {});
    expect(await evaluate({ dataset: 'two', split: 'train' })).toBe('INVALID_ARGUMENT');
  });
});

describe('classification', () => {
  async function classify(paths: string[], signal?: AbortSignal) {
    const results: ClassifiedFile[] = [];
    const request = { paths, model: 'net', top: 2, crops: 1 as const };
    const counts = await studio.classification.classify(request, (result) => results.push(result), signal);
    return { results, counts };
  }

  it('gives one result or one error for every file, in order, and stores them first', async () => {
    for (let i = 100; i < 150; i++) folder.touch(`many/${i}.jpg`);
    folder.touch('many/deep/bad.jpg', 'many/.hidden', 'single.jpg');
    const { results, counts } = await classify([folder.path('single.jpg'), folder.path('many')]);
    expect(counts).toEqual({ files: 52, failed: 1 });
    const names = results.map((result) => result.file.slice(folder.root.length + 1));
    expect(names[0]).toBe('single.jpg');
    expect(names.slice(1, 51)).toEqual(Array.from({ length: 50 }, (_, i) => `many/${100 + i}.jpg`));
    expect(results[51]).toMatchObject({ error: { code: 'CORRUPT_IMAGE' } });
    const [first] = results;
    expect(first && 'predictions' in first && first.predictions).toHaveLength(2);
    expect(first && 'predictions' in first && first.predictions[0]).toMatchObject({ probability: 0.75 });
    const db = openReadableDatabase(folder.path('home/studio.sqlite'));
    expect(listPredictions(db, { limit: 100 })).toHaveLength(52);
    db.close();
  });

  it('has nothing to say about an empty folder, and stops when told to', async () => {
    folder.touch('none/.hidden');
    expect(await codeOf(classify([folder.path('none')]))).toBe('NOT_FOUND');
    folder.touch('some/1.jpg');
    expect(await codeOf(classify([folder.path('some')], AbortSignal.abort()))).toBe('CANCELLED');
  });
});
