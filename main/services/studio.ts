// Everything together: opens the data directory and joins the services. The shells compose with this.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chooseDataDirectory, type DataDirectory, openDataDirectory } from '../data/data-directory.ts';
import type { WritableDatabase } from '../data/database.ts';
import { openDatabase } from '../data/open-database.ts';
import { takeLock } from '../data/process-lock.ts';
import type { Addon } from '../engine/addon.ts';
import type { SpawnHost } from '../engine/client.ts';
import { forkHost } from '../engine/fork-host.ts';
import { loadAddon } from '../engine/load-addon.ts';
import { Application } from './application.ts';
import { ClassNames } from './class-names.ts';
import { ClassificationService } from './classification.ts';
import { ConfigChecker } from './config-check.ts';
import { DatasetService } from './datasets.ts';
import { DemoPlan } from './demo.ts';
import { DeviceService } from './devices.ts';
import { EvaluationService } from './evaluation.ts';
import { EvaluationBrowser } from './evaluation-browser.ts';
import { LedgerService } from './ledger/ledger.ts';
import { loadReference, loadTruths } from './ledger/reference.ts';
import { ledgerTables } from './ledger/run-tables.ts';
import { LogFile } from './log-file.ts';
import { DatasetChecker } from './model-import/dataset-check.ts';
import { FolderChecker } from './model-import/folder-check.ts';
import { ModelResolver } from './model-resolver.ts';
import { ModelService } from './models.ts';
import { Presets } from './presets.ts';
import { RunReports } from './run-reports.ts';
import { RunService } from './runs.ts';
import { SortingService } from './sorting/sorting.ts';
import type { StudioParts } from './studio-parts.ts';
import { SweepService } from './sweeps/sweeps.ts';
import { TrainingService } from './training.ts';

export interface StudioOptions {
  /** --data-dir; otherwise the environment or the system says. */
  dataDir: string | undefined;
  /** Takes what the user should know besides results. */
  warn: (line: string) => void;
  /** How engine hosts are started; plain Node child processes by default. */
  spawnHost?: SpawnHost;
  /** The addon for what needs no host: checks and descriptions. */
  loadAddon?: () => Addon;
}

const packageFile = fileURLToPath(new URL('../../package.json', import.meta.url));
const resources = fileURLToPath(new URL('../../resources', import.meta.url));

export class Studio {
  readonly directory: DataDirectory;
  readonly datasets: DatasetService;
  readonly training: TrainingService;
  readonly runs: RunService;
  readonly evaluation: EvaluationService;
  readonly classification: ClassificationService;
  readonly sweeps: SweepService;
  readonly sorting: SortingService;
  readonly models: ModelService;
  readonly folderChecker: FolderChecker;
  readonly datasetChecker: DatasetChecker;
  readonly devices: DeviceService;
  readonly presets: Presets;
  readonly demo: DemoPlan;
  readonly ledger: LedgerService;
  readonly evaluations: EvaluationBrowser;
  readonly reports: RunReports;
  readonly #db: WritableDatabase;
  readonly #parts: StudioParts;
  readonly #spawnHost: SpawnHost;
  readonly #log: LogFile;
  #application: Application | undefined;
  #unlock = () => {};

  /** The data directory of a start: `given`, what the environment says, or the system's. Nothing is opened. */
  static dataFolder(given?: string): string {
    return chooseDataDirectory(given);
  }

  /** Throws what opening the data directory and the database throw: DATABASE_TOO_NEW, DISK_FULL, IO, ... */
  static open(options: StudioOptions): Studio {
    const directory = openDataDirectory(chooseDataDirectory(options.dataDir));
    const log = new LogFile(join(directory.root, 'studio.log'));
    const db = openDatabase(directory.databaseFile, { log: (line) => log.write(line) });
    try {
      return new Studio(directory, db, log, options);
    } catch (error) {
      db.close();
      throw error;
    }
  }

  static version(): string {
    const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };
    return version;
  }

  private constructor(directory: DataDirectory, db: WritableDatabase, log: LogFile, options: StudioOptions) {
    const { warn, spawnHost = forkHost() } = options;
    const now = Date.now;
    let loaded: Addon | undefined;
    const addon = () => {
      loaded ??= (options.loadAddon ?? loadAddon)();
      return loaded;
    };
    const classNames = new ClassNames(`${resources}/class-names`);
    const resolver = new ModelResolver(db, directory);
    this.#db = db;
    this.directory = directory;
    this.presets = new Presets(`${resources}/presets`);
    this.devices = new DeviceService(addon);
    this.datasets = new DatasetService({
      db,
      directory,
      spawnHost,
      addon,
      now,
      className: (folder) => classNames.of(folder),
    });
    this.runs = new RunService(db, directory, now);
    this.training = new TrainingService({
      db,
      directory,
      datasets: this.datasets,
      presets: this.presets,
      devices: this.devices,
      models: resolver,
      spawnHost,
      addon,
      now,
    });
    this.evaluation = new EvaluationService({
      db,
      datasets: this.datasets,
      models: resolver,
      spawnHost,
      warn,
      now,
    });
    this.classification = new ClassificationService({ db, models: resolver, spawnHost, now });
    this.sweeps = new SweepService({ db, directory, models: resolver, spawnHost, now });
    this.sorting = new SortingService({ db, sweeps: this.sweeps, now });
    this.models = new ModelService({
      db,
      directory,
      presets: this.presets,
      resolver,
      classNames,
      addon,
      version: Studio.version(),
      now,
    });
    this.folderChecker = new FolderChecker({ models: resolver, classNames, spawnHost });
    this.datasetChecker = new DatasetChecker({
      models: resolver,
      datasets: this.datasets,
      evaluation: this.evaluation,
      classNames,
    });
    this.demo = new DemoPlan(directory.root, this.datasets);
    this.ledger = new LedgerService({
      db,
      presets: this.presets,
      datasets: this.datasets,
      training: this.training,
      checker: new ConfigChecker({ db, devices: this.devices, addon }),
      reference: loadReference(`${resources}/reference`),
      truths: loadTruths(`${resources}/reference`),
      shippedFolder: `${resources}/ledger`,
      version: Studio.version(),
      now,
    });
    this.evaluations = new EvaluationBrowser(db);
    this.reports = new RunReports({
      db,
      directory,
      addon,
      presets: this.presets,
      devices: this.devices,
      evaluations: this.evaluations,
      version: Studio.version(),
      tables: (runId) => ledgerTables(db, this.ledger, runId),
      now,
    });
    this.#spawnHost = spawnHost;
    this.#log = log;
    const { datasets, training, runs, evaluation, sweeps, sorting, models, devices, presets, demo, ledger } =
      this;
    const { evaluations, reports } = this;
    const services = {
      datasets,
      training,
      runs,
      evaluation,
      sweeps,
      sorting,
      models,
      devices,
      presets,
      demo,
      ledger,
      evaluations,
      reports,
    };
    const { datasetChecker } = this;
    this.#parts = { db, directory, addon, resolver, datasetChecker, now, ...services };
    for (const run of this.runs.markDeadInterrupted()) {
      warn(`run ${run.id} (${run.name}) was interrupted: ${run.reason}`);
    }
  }

  /**
   * The application behind the screens, its queue running. One at a time works on a data directory: throws BUSY
   * where another process does. The command line may be used beside it.
   */
  openApplication(options: { remote: boolean }): Application {
    if (this.#application !== undefined) return this.#application;
    const { root } = this.directory;
    this.#unlock = takeLock(this.#db, join(root, 'application.lock'), `data directory ${root}`, 'in use');
    this.#application = new Application(this.#parts, {
      remote: options.remote,
      version: Studio.version(),
      spawnHost: this.#spawnHost,
      log: (line) => this.#log.write(line),
    });
    this.#application.start();
    return this.#application;
  }

  /** A line for the log, for what a user need not see. */
  log(line: string): void {
    this.#log.write(line);
  }

  /** Ends what still trains, closes the database. */
  async close(): Promise<void> {
    await this.#application?.close();
    await this.training.close();
    this.#db.close();
    this.#unlock();
  }
}
