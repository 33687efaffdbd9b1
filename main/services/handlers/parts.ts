// Everything that the contract's handlers use.
import { isAbsolute } from 'node:path';
import { AppError } from '../../api/errors.ts';
import type { DataDirectory } from '../../data/data-directory.ts';
import type { WritableDatabase } from '../../data/database.ts';
import type { Addon } from '../../engine/addon.ts';
import type { AugmentationService } from '../augmentation.ts';
import type { Changes } from '../changes.ts';
import type { CheckpointFiles } from '../checkpoint-files.ts';
import type { ConfigChecker } from '../config-check.ts';
import type { DatasetBrowser } from '../dataset-browser.ts';
import type { DatasetService } from '../datasets.ts';
import type { DemoPlan } from '../demo.ts';
import type { DeviceService } from '../devices.ts';
import type { EvaluationService } from '../evaluation.ts';
import type { EvaluationBrowser } from '../evaluation-browser.ts';
import type { EvaluationCrops } from '../evaluation-crops.ts';
import type { InspectionService } from '../inspection.ts';
import type { JobQueue } from '../jobs/job-queue.ts';
import type { LabellingService } from '../labelling.ts';
import type { LedgerService } from '../ledger/ledger.ts';
import type { LedgerQueue } from '../ledger/ledger-queue.ts';
import type { LiveKernelViews } from '../live-kernels.ts';
import type { ModelResolver } from '../model-resolver.ts';
import type { ModelService } from '../models.ts';
import type { OpenPacks } from '../open-packs.ts';
import type { PhotoAnswers } from '../photo-answers.ts';
import type { PhotoService } from '../photos.ts';
import type { Presets } from '../presets.ts';
import type { RetrievalService } from '../retrieval.ts';
import type { RunFeed } from '../run-feed.ts';
import type { RunInspector } from '../run-inspector.ts';
import type { RunReports } from '../run-reports.ts';
import type { RunService } from '../runs.ts';
import type { SettingsService } from '../settings.ts';
import type { SortingService } from '../sorting/sorting.ts';
import type { SpeedProbe } from '../speed-probe.ts';
import type { SweepService } from '../sweeps/sweeps.ts';
import type { TrainingService } from '../training.ts';
import type { WatchService } from '../watching/watches.ts';

/** Throws INVALID_ARGUMENT. */
export function absolute(path: string): void {
  if (!isAbsolute(path))
    throw new AppError('INVALID_ARGUMENT', `${path} is no whole path; write it from / on`, { path });
}

export interface HandlerParts {
  db: WritableDatabase;
  directory: DataDirectory;
  addon: () => Addon;
  changes: Changes;
  queue: JobQueue;
  devices: DeviceService;
  datasets: DatasetService;
  browser: DatasetBrowser;
  packs: OpenPacks;
  presets: Presets;
  demo: DemoPlan;
  checker: ConfigChecker;
  augmentation: AugmentationService;
  training: TrainingService;
  runs: RunService;
  reports: RunReports;
  feed: RunFeed;
  inspector: RunInspector;
  liveKernels: LiveKernelViews;
  evaluation: EvaluationService;
  evaluations: EvaluationBrowser;
  evaluationCrops: EvaluationCrops;
  ledger: LedgerService;
  ledgerQueue: LedgerQueue;
  models: ModelService;
  resolver: ModelResolver;
  files: CheckpointFiles;
  photos: PhotoService;
  answers: PhotoAnswers;
  sweeps: SweepService;
  sorting: SortingService;
  watches: WatchService;
  labelling: LabellingService;
  settings: SettingsService;
  probe: SpeedProbe;
  inspection: InspectionService;
  retrieval: RetrievalService;
  version: string;
  /** Of this start of the application. */
  instance: string;
  /** Its screens are in a browser. */
  remote: boolean;
  startedAt: number;
}
