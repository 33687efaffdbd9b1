// What the application keeps while a folder is classified: as much after many photos as after some.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { TestFolder } from '../testing/test-studio.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** Photos by which everything is there that comes with the first ones: compiled code, prepared statements. */
const early = 3000;
const late = 9000;
/** A kept path takes twice as much. */
const bytesAPhoto = 30;

const folder = new TestFolder();
afterAll(() => folder.remove());

/** Of JavaScript and of buffers, after everything that nobody refers to was collected. */
function keptBytes(gc: () => void): number {
  gc();
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe('classifying a folder', () => {
  it('keeps nothing of a photo that is answered and written', async () => {
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    const studio = folder.open({ stepMs: 0 });
    await studio.datasets.add({ name: 'birds', ...folder.photos() }, () => {});
    await studio.training.start({ dataset: 'birds', steps: 1, batchSize: 16, name: 'first' }, () => {});
    for (let i = 0; i < late + 500; i++) folder.touch(`many/${i % 7}/${i}.jpg`);
    const request = { paths: [folder.path('many')], model: 'first', top: 2, crops: 1 as const };
    const kept: number[] = [];
    await studio.sweeps.run(studio.sweeps.open(request).id, {
      out: folder.path('answers.csv'),
      onProgress({ done }) {
        if (done >= (kept.length === 0 ? early : late) && kept.length < 2) kept.push(keptBytes(gc));
      },
    });
    const [before = 0, after = 0] = kept;
    expect(kept).toHaveLength(2);
    expect((after - before) / (late - early)).toBeLessThan(bytesAPhoto);
  });
});
