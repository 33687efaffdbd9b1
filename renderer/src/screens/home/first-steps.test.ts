import { describe, expect, it } from 'vitest';
import type { Dataset } from '../../../../main/api/datasets.ts';
import type { Run } from '../../../../main/api/runs.ts';
import { learntRun, readyDataset } from './first-steps.ts';

const run = (part: Partial<Run>) =>
  ({ state: 'finished', bestTop1Error: 0.2, datasetId: 'd1', ...part }) as Run;

describe('first steps', () => {
  it('begin with a data set that is packed to the end', () => {
    const packing = { id: 'd1', state: 'packing' } as Dataset;
    const ready = { id: 'd2', state: 'ready' } as Dataset;
    expect(readyDataset([packing])).toBeUndefined();
    expect(readyDataset([packing, ready])).toBe(ready);
  });

  it('evaluate the newest run that learnt something and still has its data', () => {
    const best = run({ id: 'r3' });
    expect(
      learntRun([
        run({ state: 'running' }),
        run({ bestTop1Error: null, state: 'failed' }),
        run({ datasetId: null }),
        best,
        run({ id: 'r4' }),
      ]),
    ).toBe(best);
    expect(learntRun([])).toBeUndefined();
  });
});
