// The application behind the screens: the queue, what they look at, and the handlers of the contract. Every shell
// with screens makes one and hands its handlers to a transport.
import type { StudioHandlers } from '../api/contract.ts';
import type { WritableDatabase } from '../data/database.ts';
import { newId } from '../data/ids.ts';
import type { SpawnHost } from '../engine/client.ts';
import { AugmentationService } from './augmentation.ts';
import { Changes } from './changes.ts';
import { CheckpointFiles } from './checkpoint-files.ts';
import { ConfigChecker } from './config-check.ts';
import { patient, shortWaitMs } from './database-patience.ts';
import { DatasetBrowser } from './dataset-browser.ts';
import { EvaluationCrops } from './evaluation-crops.ts';
import { datasetsHandlers } from './handlers/datasets-handlers.ts';
import { inspectHandlers, retrievalHandlers } from './handlers/inspect-handlers.ts';
import { ledgerHandlers } from './handlers/ledger-handlers.ts';
import type { HandlerParts } from './handlers/parts.ts';
import {
  classifyHandlers,
  labelsHandlers,
  sortingHandlers,
  watchesHandlers,
} from './handlers/photo-handlers.ts';
import {
  augmentationHandlers,
  evaluationsHandlers,
  jobsHandlers,
  modelsHandlers,
} from './handlers/results-handlers.ts';
import { configHandlers, runsHandlers } from './handlers/runs-handlers.ts';
import { devicesHandlers, foldersHandlers, studioHandlers } from './handlers/studio-handlers.ts';
import { ImageService } from './images.ts';
import { InspectHosts } from './inspect-hosts.ts';
import { InspectionService } from './inspection.ts';
import { JobQueue } from './jobs/job-queue.ts';
import { jobKinds } from './jobs/kinds.ts';
import { LabellingService } from './labelling.ts';
import { LedgerQueue } from './ledger/ledger-queue.ts';
import { LiveKernelViews } from './live-kernels.ts';
import { MadePictures } from './made-pictures.ts';
import { ModelHosts } from './model-hosts.ts';
import { OpenPacks } from './open-packs.ts';
import { Outside } from './outside.ts';
import { PhotoAnswers } from './photo-answers.ts';
import { PhotoSources } from './photo-sources.ts';
import { PhotoService } from './photos.ts';
import { RetrievalService } from './retrieval.ts';
import { RunFeed } from './run-feed.ts';
import { RunInspector } from './run-inspector.ts';
import { SettingsService } from './settings.ts';
import { SpeedProbe } from './speed-probe.ts';
import type { StudioParts } from './studio-parts.ts';
import { WatchService } from './watching/watches.ts';

export interface ApplicationOptions {
  /** Its screens are in a browser. */
  remote: boolean;
  version: string;
  spawnHost: SpawnHost;
  log: (line: string) => void;
}

export class Application {
  readonly handlers: StudioHandlers;
  readonly images: ImageService;
  readonly photos: PhotoService;
  /** Of this start. */
  readonly instance: string = newId();
  readonly #queue: JobQueue;
  readonly #ledgerQueue: LedgerQueue;
  readonly #hosts: ModelHosts;
  readonly #inspectHosts: InspectHosts;
  readonly #packs: OpenPacks;
  readonly #answers: PhotoAnswers;
  readonly #settings: SettingsService;
  readonly #outside: Outside;
  readonly #watches: WatchService;
  readonly #db: WritableDatabase;

  constructor(parts: StudioParts, options: ApplicationOptions) {
    const { db, directory, addon, now } = parts;
    const changes = new Changes();
    const settings = new SettingsService(db, changes);
    const threads = () => settings.read().threads;
    const packs = new OpenPacks(directory, addon);
    const browser = new DatasetBrowser(db, addon);
    const files = new CheckpointFiles(directory);
    const inspector = new RunInspector(db, files);
    const liveKernels = new LiveKernelViews({
      training: parts.training,
      configOf: (id) => inspector.recipe(id).config,
    });
    const feed = new RunFeed(db);
    const photos = new PhotoService({ db, directory, changes, now });
    const hosts = new ModelHosts({ spawnHost: options.spawnHost, threads });
    const answers = new PhotoAnswers({
      db,
      photos,
      models: parts.resolver,
      files,
      hosts,
      changes,
      addon,
      now,
    });
    const inspectHosts = new InspectHosts({ spawnHost: options.spawnHost, threads });
    const pictures = new MadePictures();
    const photoSources = new PhotoSources({ db, directory, photos, packs });
    const inside = {
      db,
      models: parts.resolver,
      files,
      hosts: inspectHosts,
      photos: photoSources,
      addon,
      now,
    };
    const inspection = new InspectionService({ ...inside, pictures });
    const { spawnHost } = options;
    const retrieval = new RetrievalService({ ...inside, directory, packs, spawnHost, threads });
    const kinds = jobKinds({ retrieval, ...parts, files, packs, feed, changes, threads });
    const queue = new JobQueue({ db, changes, kinds, log: options.log, now });
    const ledgerQueue = new LedgerQueue({ db, ledger: parts.ledger, queue, changes, log: options.log });
    const watches = new WatchService({ db, sweeps: parts.sweeps, changes, threads, log: options.log, now });
    const handlerParts: HandlerParts = {
      ...parts,
      changes,
      queue,
      ledgerQueue,
      browser,
      packs,
      checker: new ConfigChecker({
        db,
        devices: parts.devices,
        addon,
        problemOf: (dataset) => parts.datasets.problemOf(dataset),
      }),
      augmentation: new AugmentationService({ db, browser, photos, changes, addon, now }),
      feed,
      inspector,
      liveKernels,
      files,
      evaluationCrops: new EvaluationCrops({ db, resolver: parts.resolver, hosts, files, browser, addon }),
      photos,
      answers,
      watches,
      labelling: new LabellingService({ db, directory, models: parts.resolver, sweeps: parts.sweeps, now }),
      settings,
      probe: new SpeedProbe({
        spawnHost: options.spawnHost,
        training: () =>
          queue.list().find(({ kind, state }) => kind === 'train' && state === 'running')?.title ?? '',
      }),
      inspection,
      retrieval,
      version: options.version,
      instance: this.instance,
      remote: options.remote,
      startedAt: now(),
    };
    this.#queue = queue;
    this.#ledgerQueue = ledgerQueue;
    this.#hosts = hosts;
    this.#inspectHosts = inspectHosts;
    this.#packs = packs;
    this.#answers = answers;
    this.#settings = settings;
    this.#watches = watches;
    this.#db = db;
    this.#outside = new Outside({ db, changes, runs: parts.runs, log: options.log });
    this.photos = photos;
    this.images = new ImageService({ db, browser, packs, photos, inspector, liveKernels, pictures, addon });
    const all: StudioHandlers = {
      studio: studioHandlers(handlerParts),
      devices: devicesHandlers(handlerParts),
      datasets: datasetsHandlers(handlerParts),
      augmentation: augmentationHandlers(handlerParts),
      config: configHandlers(handlerParts),
      jobs: jobsHandlers(handlerParts),
      runs: runsHandlers(handlerParts),
      evaluations: evaluationsHandlers(handlerParts),
      ledger: ledgerHandlers(handlerParts),
      classify: classifyHandlers(handlerParts),
      labels: labelsHandlers(handlerParts),
      sorting: sortingHandlers(handlerParts),
      watches: watchesHandlers(handlerParts),
      models: modelsHandlers(handlerParts),
      inspect: inspectHandlers(handlerParts),
      retrieval: retrievalHandlers(handlerParts),
      folders: foldersHandlers(),
    };
    this.handlers = patient(all, db);
  }

  /** Begins with the queue. Once a data directory: see Studio.openApplication(). */
  start(): void {
    this.#answers.trimHistory(this.#settings.read().historyDays);
    this.#queue.start();
    this.#ledgerQueue.start();
    this.#outside.start();
    this.#watches.start();
    // From now on screens are answered on this thread.
    this.#db.busyTimeoutMs = shortWaitMs;
  }

  /** Stops what runs, training with a checkpoint, and waits for it. */
  async close(): Promise<void> {
    this.#db.hurry();
    this.#outside.close();
    this.#ledgerQueue.close();
    await Promise.all([
      this.#queue.close(),
      this.#watches.close(),
      this.#hosts.close(),
      this.#inspectHosts.close(),
    ]);
    this.#packs.close();
  }
}
