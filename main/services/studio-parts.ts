// What a studio is made of, for those that build on it.
import type { DataDirectory } from '../data/data-directory.ts';
import type { WritableDatabase } from '../data/database.ts';
import type { Addon } from '../engine/addon.ts';
import type { DatasetService } from './datasets.ts';
import type { DemoPlan } from './demo.ts';
import type { DeviceService } from './devices.ts';
import type { EvaluationService } from './evaluation.ts';
import type { EvaluationBrowser } from './evaluation-browser.ts';
import type { LedgerService } from './ledger/ledger.ts';
import type { DatasetChecker } from './model-import/dataset-check.ts';
import type { ModelResolver } from './model-resolver.ts';
import type { ModelService } from './models.ts';
import type { Presets } from './presets.ts';
import type { RunReports } from './run-reports.ts';
import type { RunService } from './runs.ts';
import type { SortingService } from './sorting/sorting.ts';
import type { SweepService } from './sweeps/sweeps.ts';
import type { TrainingService } from './training.ts';

export interface StudioParts {
  db: WritableDatabase;
  directory: DataDirectory;
  addon: () => Addon;
  resolver: ModelResolver;
  datasets: DatasetService;
  training: TrainingService;
  runs: RunService;
  evaluation: EvaluationService;
  sweeps: SweepService;
  sorting: SortingService;
  models: ModelService;
  datasetChecker: DatasetChecker;
  devices: DeviceService;
  presets: Presets;
  demo: DemoPlan;
  ledger: LedgerService;
  evaluations: EvaluationBrowser;
  reports: RunReports;
  /** Ms UTC. */
  now: () => number;
}
