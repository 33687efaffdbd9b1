// The contract: every operation of the application, for every screen and every transport. The renderer's client,
// the router and the services' handlers take their types from this table.
import type { Client, Handlers } from './operation.ts';
import { augmentationOperations } from './operations/augmentation.ts';
import { classifyOperations } from './operations/classify.ts';
import { configOperations } from './operations/config.ts';
import { datasetsOperations } from './operations/datasets.ts';
import { devicesOperations } from './operations/devices.ts';
import { evaluationsOperations } from './operations/evaluations.ts';
import { foldersOperations } from './operations/folders.ts';
import { inspectOperations, retrievalOperations } from './operations/inspect.ts';
import { jobsOperations } from './operations/jobs.ts';
import { labelsOperations } from './operations/labels.ts';
import { ledgerOperations } from './operations/ledger.ts';
import { modelsOperations } from './operations/models.ts';
import { runsOperations } from './operations/runs.ts';
import { sortingOperations } from './operations/sorting.ts';
import { studioOperations } from './operations/studio.ts';
import { watchesOperations } from './operations/watches.ts';

export const contract = {
  studio: studioOperations,
  devices: devicesOperations,
  datasets: datasetsOperations,
  augmentation: augmentationOperations,
  config: configOperations,
  jobs: jobsOperations,
  runs: runsOperations,
  evaluations: evaluationsOperations,
  ledger: ledgerOperations,
  classify: classifyOperations,
  labels: labelsOperations,
  sorting: sortingOperations,
  watches: watchesOperations,
  models: modelsOperations,
  inspect: inspectOperations,
  retrieval: retrievalOperations,
  folders: foldersOperations,
};

export type Contract = typeof contract;
/** What the renderer calls. */
export type StudioClient = Client<Contract>;
/** What the services answer. */
export type StudioHandlers = Handlers<Contract>;
