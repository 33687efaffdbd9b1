// Answering through the real addon: every method in every state, photos, packs.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NativePredictor } from './addon.ts';
import { loadAddon } from './load-addon.ts';
import { valueCount } from './load-tensors.ts';
import { makePack, predictorOptions, testClasses, writeImages } from './test-net.ts';

const addon = loadAddon();

let folder = '';
let pack = '';
let photos: string[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'alexnet-predictor-'));
  pack = await makePack(addon, folder);
  photos = writeImages(join(folder, 'photos'), 4);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Weights that depend on their place: small, of both signs. */
async function openPredictor(): Promise<NativePredictor> {
  const predictor = await addon.createPredictor(predictorOptions());
  for (const tensor of predictor.tensors) {
    const values = Float32Array.from({ length: valueCount(tensor) }, (_, i) => Math.sin(i * 12.9898) * 0.1);
    predictor.load(tensor.name, 0, new Uint8Array(values.buffer));
  }
  return predictor;
}

const flag = () => addon.createCancelFlag();
const ties = 'first';
const invalid = expect.objectContaining({ code: 'INVALID_ARGUMENT' });
const busy = expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('busy') });
const closed = expect.objectContaining({
  code: 'INVALID_ARGUMENT',
  message: expect.stringContaining('closed'),
});

test('files are answered in order, bad ones with their error', async () => {
  const predictor = await openPredictor();
  expect(predictor.classes).toBe(testClasses);
  expect(predictor.tensors.some(({ name }) => name.includes('velocity'))).toBe(false);
  const text = join(folder, 'text.jpg');
  writeFileSync(text, 'no image');
  const paths = [...photos.slice(0, 6), text, join(folder, 'none.png'), ...photos.slice(6)];
  const answers = await predictor.classifyFiles(paths, 1);
  expect(answers).toHaveLength(14);
  expect(answers[7]).toEqual({ error: { code: 'NOT_FOUND', message: expect.any(String) } });
  expect(answers[6]?.error?.code).toBeTruthy();
  answers.forEach(({ probabilities, error }, i) => {
    if (i === 6 || i === 7) return;
    expect(error).toBeUndefined();
    expect(probabilities).toBeInstanceOf(Float32Array);
    expect(probabilities).toHaveLength(testClasses);
    // Rounding of three floats.
    expect(probabilities?.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
  });
  // The batch that a photo is in does not change its answer beyond the rounding of another order of sums.
  const alone = await predictor.classifyFiles(photos.slice(7, 8), 1);
  alone[0]?.probabilities?.forEach((value, i) => {
    expect(value).toBeCloseTo(answers[9]?.probabilities?.[i] ?? 0, 5);
  });
  expect(await predictor.classifyFiles([], 1)).toEqual([]);
  const [ten] = await predictor.classifyFiles(photos.slice(0, 1), 10);
  expect(ten?.probabilities?.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
  await predictor.close();
});

test('each of ten crops answers by itself; their mean is the answer', async () => {
  const predictor = await openPredictor();
  const [each] = await predictor.classifyFiles(photos.slice(0, 1), 10, true);
  const [together] = await predictor.classifyFiles(photos.slice(0, 1), 10);
  const [centre] = await predictor.classifyFiles(photos.slice(0, 1), 1);
  expect(together?.crops).toBeUndefined();
  expect(each?.crops).toHaveLength(10 * testClasses);
  const crop = (i: number) => each?.crops?.subarray(i * testClasses, (i + 1) * testClasses) ?? [];
  for (let c = 0; c < testClasses; c += 1) {
    // The same sums in the same order.
    expect(each?.probabilities?.[c]).toBe(together?.probabilities?.[c]);
    // The first crop is the centre; another batch may round another way.
    expect(crop(0)[c]).toBeCloseTo(centre?.probabilities?.[c] ?? 0, 5);
    let sum = 0;
    for (let i = 0; i < 10; i += 1) sum += crop(i)[c] ?? 0;
    expect(sum / 10).toBeCloseTo(each?.probabilities?.[c] ?? 0, 6);
  }
  await expect(predictor.classifyFiles(photos, 1, true)).rejects.toEqual(invalid);
  await predictor.close();
});

test('a pack is evaluated; its counts reconcile and agree with the single answers', async () => {
  const predictor = await openPredictor();
  const progress: number[] = [];
  const evaluation = await predictor.evaluate(pack, 1, (done) => progress.push(done), flag(), { ties });
  expect(evaluation.images).toBe(12);
  expect([...evaluation.classImages]).toEqual([4, 4, 4]);
  expect(evaluation.confusion).toHaveLength(testClasses * testClasses);
  expect(evaluation.confusion.reduce((a, b) => a + b)).toBe(12);
  const right = [0, 1, 2].reduce((sum, i) => sum + (evaluation.confusion[i * 4] ?? 0), 0);
  expect(evaluation.top1Error).toBeCloseTo(1 - right / 12, 12);
  expect(evaluation.top5Error).toBe(0);
  expect(evaluation.top5).toHaveLength(60);
  expect([...evaluation.top5.subarray(3, 5)]).toEqual([-1, -1]);
  expect(progress.at(-1)).toBe(12);

  // The pack was made from like images: the same answers.
  const answers = await predictor.classifyFiles(photos, 1);
  answers.forEach(({ probabilities = new Float32Array() }, image) => {
    expect(probabilities[Math.floor(image / 4)]).toBeCloseTo(evaluation.trueProbability[image] ?? 0, 5);
    expect(Math.max(...probabilities)).toBeCloseTo(evaluation.top5Probability[image * 5] ?? 0, 5);
  });
  await predictor.close();
});

test('of a pack of other classes the images are counted whose class the net knows', async () => {
  const predictor = await openPredictor();
  const evaluate = (...classOf: number[]) =>
    predictor.evaluate(pack, 1, () => {}, flag(), { ties, classOf: Int32Array.from(classOf) });
  const known = await evaluate(2, -1, 0);
  expect([...known.classImages]).toEqual([4, 0, 4]);
  expect([...known.labels]).toEqual([2, 2, 2, 2, 0, 0, 0, 0]);
  const all = await predictor.evaluate(pack, 1, () => {}, flag(), { ties });
  expect([...known.top5Probability.subarray(0, 20)]).toEqual([...all.top5Probability.subarray(0, 20)]);
  expect(known.top5Probability.at(-1)).toBe(all.top5Probability.at(-1));
  await expect(evaluate(0, 1)).rejects.toEqual(invalid);
  await expect(evaluate(0, 1, testClasses)).rejects.toEqual(invalid);
  const classOf = [0, 1, 2] as never;
  await expect(predictor.evaluate(pack, 1, () => {}, flag(), { ties, classOf })).rejects.toEqual(invalid);
  await predictor.close();
});

test('an open predictor refuses wrong arguments and tensors that are missing', async () => {
  const predictor = await addon.createPredictor(predictorOptions());
  await expect(predictor.classifyFiles(photos, 1)).rejects.toEqual(invalid);
  expect(() => predictor.load('conv9.weight', 0, new Uint8Array(4))).toThrow(
    expect.objectContaining({ code: 'NOT_FOUND' }),
  );
  expect(() => predictor.load('conv1.bias', 100, new Uint8Array(4))).toThrow(invalid);
  await expect(predictor.classifyFiles('a.jpg' as never, 1)).rejects.toEqual(invalid);
  await expect(predictor.classifyFiles(photos, 2 as never)).rejects.toEqual(invalid);
  await expect(predictor.evaluate(pack, 1, () => {}, {} as never, { ties })).rejects.toEqual(invalid);
  await predictor.close();

  const options = predictorOptions();
  const meanless = { ...options, preprocessing: { ...options.preprocessing, mean: 'rgb' as const } };
  await expect(addon.createPredictor(meanless)).rejects.toEqual(invalid);
  await expect(addon.createPredictor({ ...options, batch: 0 })).rejects.toEqual(invalid);
  await expect(addon.createPredictor({ ...options, precision: 'fp7' as never })).rejects.toEqual(invalid);
  await expect(addon.createPredictor({ ...options, netJson: '{}' })).rejects.toMatchObject({
    code: 'INVALID_SPEC',
  });
});

test('a busy predictor takes nothing else until it has answered', async () => {
  const predictor = await openPredictor();
  const answering = predictor.classifyFiles(photos, 1);
  await expect(predictor.classifyFiles(photos, 1)).rejects.toEqual(busy);
  await expect(predictor.evaluate(pack, 1, () => {}, flag(), { ties })).rejects.toEqual(busy);
  expect(() => predictor.load('conv1.bias', 0, new Uint8Array(4))).toThrow(busy);
  expect(predictor.classes).toBe(testClasses);
  expect(await answering).toHaveLength(12);
  expect(await predictor.classifyFiles(photos.slice(0, 1), 1)).toHaveLength(1);
  await predictor.close();
});

test('every method of a closed predictor says that it is closed', async () => {
  const predictor = await openPredictor();
  const closing = predictor.close();
  expect(() => predictor.classes).toThrow(closed);
  expect(() => predictor.tensors).toThrow(closed);
  expect(() => predictor.load('conv1.bias', 0, new Uint8Array(4))).toThrow(closed);
  await expect(predictor.classifyFiles(photos, 1)).rejects.toEqual(closed);
  await expect(predictor.evaluate(pack, 1, () => {}, flag(), { ties })).rejects.toEqual(closed);
  await closing;
  await predictor.close();
});

test('closing ends what the predictor works on', async () => {
  const predictor = await openPredictor();
  const many = Array.from({ length: 200 }, () => photos).flat();
  const answering = predictor.classifyFiles(many, 1);
  const closing = predictor.close();
  await expect(answering).rejects.toMatchObject({ code: 'CANCELLED' });
  await closing;
});

test('an evaluation is cancelled, and one whose listener throws ends with its error', async () => {
  const predictor = await openPredictor();
  const signal = flag();
  signal.cancel();
  await expect(predictor.evaluate(pack, 1, () => {}, signal, { ties })).rejects.toMatchObject({
    code: 'CANCELLED',
  });
  const thrown = new Error('the listener is broken');
  const evaluating = predictor.evaluate(
    pack,
    10,
    () => {
      throw thrown;
    },
    flag(),
    { ties },
  );
  await expect(evaluating).rejects.toBe(thrown);
  await expect(predictor.evaluate(join(folder, 'none'), 1, () => {}, flag(), { ties })).rejects.toMatchObject(
    {
      code: 'NOT_FOUND',
    },
  );
  await predictor.close();
});

test('answers of several nets are added up and averaged; sums are used one call at a time', async () => {
  const predictor = await openPredictor();
  const sums = addon.createAnswerSums(folder, 12, testClasses);
  const evaluating = predictor.evaluate(pack, 1, () => {}, flag(), { ties, sums });
  await expect(sums.average(pack, flag(), ties)).rejects.toEqual(busy);
  const alone = await evaluating;
  expect(sums.members).toBe(1);
  expect(await sums.average(pack, flag(), ties)).toEqual(alone);
  // The same net again is the same average.
  await predictor.evaluate(pack, 1, () => {}, flag(), { ties, sums });
  expect(sums.members).toBe(2);
  const averaging = sums.average(pack, flag(), ties);
  expect(() => sums.members).toThrow(busy);
  expect(await averaging).toEqual(alone);
  const cancelled = flag();
  cancelled.cancel();
  await expect(sums.average(pack, cancelled, ties)).rejects.toMatchObject({ code: 'CANCELLED' });
  sums.close();
  sums.close();
  await expect(sums.average(pack, flag(), ties)).rejects.toEqual(closed);
  await expect(predictor.evaluate(pack, 1, () => {}, flag(), { ties, sums })).rejects.toEqual(closed);
  await expect(predictor.evaluate(pack, 1, () => {}, flag(), { ties, sums: {} as never })).rejects.toEqual(
    invalid,
  );
  const other = addon.createAnswerSums(folder, 13, testClasses);
  await expect(predictor.evaluate(pack, 1, () => {}, flag(), { ties, sums: other })).rejects.toEqual(invalid);
  await expect(other.average(pack, flag(), ties)).rejects.toEqual(invalid);
  other.close();
  expect(() => addon.createAnswerSums(join(folder, 'none'), 1, 1)).toThrow(
    expect.objectContaining({ code: 'NOT_FOUND' }),
  );
  expect(() => addon.createAnswerSums(folder, 0, 1)).toThrow(invalid);
  await predictor.close();
});
