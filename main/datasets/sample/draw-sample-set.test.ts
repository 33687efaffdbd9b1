import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { drawSampleSet } from './draw-sample-set.ts';
import { sampleClasses } from './shapes.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drawing-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const pictures = () =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.png'));

describe('drawSampleSet', () => {
  it('goes on while the calling thread does nothing but something else', async () => {
    const drawn = drawSampleSet({ folder, trainPerClass: 1, valPerClass: 1 });
    // No turn of the event loop comes between: on this thread not one picture would be drawn.
    const last = join(folder, 'val', sampleClasses.at(-1)?.name ?? '');
    const asleep = new Int32Array(new SharedArrayBuffer(4));
    for (let tries = 0; tries < 3000 && !existsSync(last); tries++) Atomics.wait(asleep, 0, 0, 10);
    expect(existsSync(last)).toBe(true);
    await drawn;
    expect(pictures()).toHaveLength(2 * sampleClasses.length);
  });

  it('tells every picture, and what is there already is not drawn again', async () => {
    const total = 2 * sampleClasses.length;
    const told: number[] = [];
    const options = { folder, trainPerClass: 1, valPerClass: 1 };
    await drawSampleSet({
      ...options,
      onProgress: (done, of) => told.push(of === total ? done : Number.NaN),
    });
    const all = Array.from({ length: total }, (_, i) => i + 1);
    expect(told).toEqual(all);
    told.length = 0;
    await drawSampleSet({ ...options, onProgress: (done) => told.push(done) });
    expect(told).toEqual(all);
  });

  it('stops when it is told to, with whole pictures alone', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const stopped = drawSampleSet({
      folder,
      trainPerClass: 50,
      valPerClass: 1,
      signal: controller.signal,
      onProgress: (done) => {
        if (done === 3) controller.abort(reason);
      },
    });
    await expect(stopped).rejects.toBe(reason);
    const count = pictures().length;
    expect(count).toBeGreaterThanOrEqual(3);
    expect(count).toBeLessThan(51 * sampleClasses.length);
    const all = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    expect(all.filter((file) => file.endsWith('.part'))).toEqual([]);
    await expect(
      drawSampleSet({ folder, trainPerClass: 1, valPerClass: 1, signal: controller.signal }),
    ).rejects.toBe(reason);
  });

  it('says what the disk refuses', async () => {
    writeFileSync(join(folder, 'train'), 'a file where a folder must be');
    await expect(drawSampleSet({ folder, trainPerClass: 1, valPerClass: 1 })).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringContaining('a file stands where a folder is needed'),
    });
  });
});
