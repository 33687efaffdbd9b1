import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ModelPreprocessing } from '../api/models.ts';
import { rank } from './classify-job.ts';
import { preprocessingOptions } from './model-source.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'alexnet-model-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const none: ModelPreprocessing = { cropSize: 224, mean: 'none', meanFollowsCrop: true, gain: [1, 2, 3] };

test('a mean image is read from its file, a mean RGB from the model', () => {
  expect(preprocessingOptions(none)).toEqual(none);
  const rgb = preprocessingOptions({ ...none, mean: 'rgb', meanRgb: [1, 2.5, 3] });
  expect(rgb.meanValues).toEqual(Float32Array.of(1, 2.5, 3));
  const meanImageFile = join(folder, 'mean');
  const values = Float32Array.from({ length: 256 * 256 * 3 }, (_, i) => i / 8);
  writeFileSync(meanImageFile, new Uint8Array(values.buffer));
  expect(preprocessingOptions({ ...none, mean: 'image', meanImageFile }).meanValues).toEqual(values);
});

test('a mean that is missing or damaged is refused', () => {
  const invalid = expect.objectContaining({ code: 'INVALID_MODEL' });
  expect(() => preprocessingOptions({ ...none, mean: 'rgb' })).toThrow(invalid);
  expect(() => preprocessingOptions({ ...none, mean: 'image' })).toThrow(invalid);
  const short = join(folder, 'short');
  writeFileSync(short, 'short');
  expect(() => preprocessingOptions({ ...none, mean: 'image', meanImageFile: short })).toThrow(invalid);
  const gone = join(folder, 'gone');
  expect(() => preprocessingOptions({ ...none, mean: 'image', meanImageFile: gone })).toThrow(
    expect.objectContaining({ code: 'NOT_FOUND' }),
  );
});

test('predictions are ranked by probability, equal ones by class', () => {
  const probabilities = Float32Array.of(0.125, 0.5, 0.125, 0.25);
  expect(rank(probabilities, 3)).toEqual([
    { class: 1, probability: 0.5 },
    { class: 3, probability: 0.25 },
    { class: 0, probability: 0.125 },
  ]);
  expect(rank(probabilities, 9)).toHaveLength(4);
});
