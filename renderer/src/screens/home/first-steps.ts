// How far a newcomer is on the way to a model that was evaluated.
import type { Dataset } from '../../../../main/api/datasets.ts';
import type { Run } from '../../../../main/api/runs.ts';

/** What can be trained on. */
export function readyDataset(datasets: readonly Dataset[]): Dataset | undefined {
  return datasets.find(({ state }) => state === 'ready');
}

/** The newest run that can be evaluated on its own data set: it has been validated, and so has a checkpoint. */
export function learntRun(runs: readonly Run[]): Run | undefined {
  return runs.find(
    ({ state, bestTop1Error, datasetId }) =>
      bestTop1Error !== null && datasetId !== null && state !== 'running' && state !== 'paused',
  );
}
