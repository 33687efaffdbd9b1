// The ledger: plans, what they still need, and what their runs say. Whoever runs what is missing (the queue, or the
// command line in the foreground) asks here what comes next.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../api/errors.ts';
import {
  type Claim,
  type Ledger,
  type LedgerFile,
  type LedgerPlan,
  type LedgerSettings,
  type LedgerTime,
  ledgerFileSchema,
} from '../../api/ledger.ts';
import { parseWith } from '../../api/parse.ts';
import type { Reference, Truth } from '../../api/reference.ts';
import type { Run } from '../../api/runs.ts';
import type { WritableDatabase } from '../../data/database.ts';
import { getDataset, listClasses } from '../../data/datasets.ts';
import { newId } from '../../data/ids.ts';
import {
  changeLedgerPlan,
  deleteLedgerPlan,
  findLedgerPlan,
  getLedgerPlan,
  insertLedgerPlan,
  linkLedgerRun,
  listLedgerLinks,
  listLedgerPlans,
  listReusableRuns,
} from '../../data/ledger.ts';
import { editRun, getRun } from '../../data/runs.ts';
import type { ConfigChecker } from '../config-check.ts';
import type { DatasetService } from '../datasets.ts';
import type { Presets } from '../presets.ts';
import type { TrainingService } from '../training.ts';
import {
  type Cell,
  cellsOf,
  configIdentity,
  type PlannedRecipe,
  planIdentity,
  plannedRecipes,
} from './cells.ts';
import { claims, definitionOf } from './claims.ts';
import { comparability } from './comparability.ts';
import { ledgerFile } from './export.ts';
import { Measurements } from './measurements.ts';
import { LedgerResults } from './results.ts';
import { planBase } from './scale.ts';
import { timeOf } from './time.ts';

export interface LedgerServiceParts {
  db: WritableDatabase;
  presets: Presets;
  datasets: DatasetService;
  training: TrainingService;
  checker: ConfigChecker;
  reference: Reference;
  truths: readonly Truth[];
  /** Measurements that come with the application. */
  shippedFolder: string;
  version: string;
  /** Ms UTC. */
  now: () => number;
}

/** Something that a plan still needs. */
export type Work =
  | { kind: 'train'; cell: Cell; run: Run | undefined }
  /** Of several runs: each, and their average. */
  | { kind: 'evaluate'; cell: Cell; runs: Run[]; crops: 1 | 10 };

/** A cell with the run that stands in it now. */
export interface FilledCell extends Cell {
  run: Run | undefined;
}

/** From its first start to its end, pauses included. */
function trainingTime(run: Run | undefined): number {
  if (run === undefined || run.startedAt === null || run.endedAt === null) return 0;
  return run.endedAt - run.startedAt;
}

export class LedgerService {
  readonly reference: Reference;
  readonly truths: readonly Truth[];
  readonly measurements: Measurements;
  readonly #parts: LedgerServiceParts;

  constructor(parts: LedgerServiceParts) {
    this.#parts = parts;
    this.reference = parts.reference;
    this.truths = parts.truths;
    this.measurements = new Measurements(parts.db);
  }

  claims(): Claim[] {
    return claims(this.reference);
  }

  /** Newest first. */
  plans(): LedgerPlan[] {
    return listLedgerPlans(this.#parts.db);
  }

  /** Throws NOT_FOUND. */
  plan(id: string): LedgerPlan {
    const plan = getLedgerPlan(this.#parts.db, id);
    if (plan === undefined)
      throw new AppError('NOT_FOUND', 'this plan of the ledger was removed', { plan: id });
    return plan;
  }

  /**
   * The plan of these settings, made or extended: rows are added to those it has, and the number of seeds only
   * grows. Throws NOT_FOUND, DATASET_NOT_READY, INVALID_CONFIG, INVALID_SPEC where a row's net does not work at this
   * scale, DEVICE_UNAVAILABLE.
   */
  prepare(settings: LedgerSettings): LedgerPlan {
    const { db, datasets, training, now } = this.#parts;
    const { name, valImages } = datasets.packs(datasets.byId(settings.datasetId).name).dataset;
    if (valImages === 0) {
      throw new AppError(
        'INVALID_ARGUMENT',
        `data set ${name} has no validation images; the ledger compares errors on them`,
      );
    }
    for (const { config } of this.recipes(settings)) training.check(config);
    const identity = planIdentity(settings);
    // Another process may make or extend the same one.
    return db.transaction(() => {
      const known = findLedgerPlan(db, identity);
      if (known === undefined) {
        const plan = { id: newId(), datasetName: name, settings, active: false, createdAt: now() };
        insertLedgerPlan(db, { ...plan, identity });
        return plan;
      }
      const rows = [...new Set([...known.settings.rows, ...settings.rows])];
      const seeds = Math.max(known.settings.seeds, settings.seeds);
      changeLedgerPlan(db, known.id, { settings: { ...settings, rows, seeds } });
      return this.plan(known.id);
    });
  }

  setActive(id: string, active: boolean): void {
    changeLedgerPlan(this.#parts.db, id, { active });
  }

  /** The runs stay. Throws NOT_FOUND. */
  remove(id: string): void {
    this.plan(id);
    deleteLedgerPlan(this.#parts.db, id);
  }

  recipes(settings: LedgerSettings): PlannedRecipe[] {
    const { presets, datasets } = this.#parts;
    return plannedRecipes(settings, planBase(presets, settings, datasets.byId(settings.datasetId).classes));
  }

  /** Every cell with its run; a run deleted since leaves its cell empty. */
  cells(plan: LedgerPlan): FilledCell[] {
    const links = listLedgerLinks(this.#parts.db, plan.id);
    return cellsOf(plan.settings, this.recipes(plan.settings)).map((cell) => {
      const link = links.find(({ recipe, seed }) => recipe === cell.recipe.id && seed === cell.seed);
      return { ...cell, run: link && getRun(this.#parts.db, link.runId) };
    });
  }

  /** In the order in which it should be done. A run that diverged would diverge again: nothing more is needed of it. */
  missing(plan: LedgerPlan): Work[] {
    const cells = this.cells(plan);
    const works = cells.flatMap(({ run, ...cell }): Work[] => {
      if (run === undefined || run.state === 'failed') return [{ kind: 'train', cell, run: undefined }];
      if (run.state === 'diverged') return [];
      if (run.state !== 'finished') return [{ kind: 'train', cell, run }];
      return cell.recipe.crops
        .filter((crops) => this.measurements.evaluation(run, crops) === undefined)
        .map((crops) => ({ kind: 'evaluate', cell, runs: [run], crops }));
    });
    return [...works, ...this.#missingAverages(plan, cells)];
  }

  /** Once all seeds are trained, those that did not diverge are averaged. */
  #missingAverages({ settings }: LedgerPlan, cells: readonly FilledCell[]): Work[] {
    return settings.rows.map(definitionOf).flatMap(({ measure, baseline, crops }): Work[] => {
      const own = cells.filter(({ recipe }) => recipe.id === baseline.id);
      const trained = own.flatMap(({ run }) => (run?.state === 'finished' ? [run] : []));
      const pending = own.some(({ run }) => run?.state !== 'finished' && run?.state !== 'diverged');
      const [cell] = own;
      if (measure !== 'ensemble' || pending || trained.length < 2 || cell === undefined) return [];
      if (this.measurements.average(trained, crops) !== undefined) return [];
      return [{ kind: 'evaluate', cell, runs: trained, crops }];
    });
  }

  /**
   * The run of a cell that has none: one that is there already with the same configuration, data set and seed, or a
   * new one, state `queued`. Another process may fill the same cell at the same time: both get the one run. Throws as
   * TrainingService.create() does.
   */
  fill(plan: LedgerPlan, { recipe, seed, config }: Cell): Run {
    const { db, datasets, training } = this.#parts;
    const { datasetId } = plan.settings;
    const wanted = configIdentity(config);
    return db.transaction(() => {
      const link = listLedgerLinks(db, plan.id).find((one) => one.recipe === recipe.id && one.seed === seed);
      const linked = link && getRun(db, link.runId);
      if (linked !== undefined && linked.state !== 'failed') return linked;
      const there = listReusableRuns(db, datasetId, seed).find(
        (one) => configIdentity(one.config) === wanted,
      );
      let run = there && getRun(db, there.runId);
      if (run === undefined) {
        const dataset = datasets.byId(datasetId).name;
        run = training.create({
          dataset,
          config,
          name: `ledger, ${recipe.title}, seed ${seed}`.slice(0, 200),
        });
        editRun(db, run.id, { tags: ['ledger'] });
      }
      linkLedgerRun(db, plan.id, { recipe: recipe.id, seed, runId: run.id });
      return run;
    });
  }

  /** Throws NOT_FOUND. */
  async show(id: string): Promise<Ledger> {
    const plan = this.plan(id);
    const { db, presets } = this.#parts;
    const { datasetId, preset, rows, seeds } = plan.settings;
    const dataset = getDataset(db, datasetId);
    if (dataset === undefined) {
      throw new AppError(
        'NOT_FOUND',
        `data set ${plan.datasetName} of this plan was removed; its runs are still in the list of runs`,
      );
    }
    const filled = this.cells(plan);
    const runs = new Map<string, { seed: number; run: Run }[]>();
    for (const { recipe, seed, run } of filled) {
      if (run !== undefined) runs.set(recipe.id, [...(runs.get(recipe.id) ?? []), { seed, run }]);
    }
    const folders = listClasses(db, datasetId).map(({ folder }) => folder);
    const compared = comparability(dataset, folders, plan.settings, presets.load(preset).config.epochs ?? 90);
    const results = new LedgerResults({
      measurements: this.measurements,
      runs,
      images: dataset.valImages,
      classes: folders.length,
      seeds,
      comparability: compared,
    });
    const shown: Ledger['rows'] = [];
    const all = this.claims();
    for (const row of rows) {
      const claim = all.find((one) => one.id === row);
      if (claim !== undefined) shown.push(await results.row(definitionOf(row), claim));
    }
    const { name, classes, trainImages, valImages } = dataset;
    return {
      plan,
      dataset: { name, classes, trainImages, valImages },
      comparability: compared,
      rows: shown,
      time: this.#time(plan, filled),
    };
  }

  /** As a file, with what made it. `command`: what was typed; empty where it was not. Throws NOT_FOUND. */
  async file(id: string, command: string): Promise<LedgerFile> {
    const { version, now } = this.#parts;
    const ledger = await this.show(id);
    const trainedMs = this.cells(ledger.plan).reduce((sum, { run }) => sum + trainingTime(run), 0);
    return ledgerFile({ claims: this.claims(), ledger, version, command, trainedMs, now: now() });
  }

  /** What others measured: what says most of the claims first. */
  shipped(): LedgerFile[] {
    const { shippedFolder } = this.#parts;
    const files = readdirSync(shippedFolder).filter((name) => name.endsWith('.json'));
    const shipped = files.sort().map((name) => {
      const content: unknown = JSON.parse(readFileSync(join(shippedFolder, name), 'utf8'));
      return parseWith(ledgerFileSchema, content, `the shipped measurement ${name}`, 'INTERNAL');
    });
    return shipped.sort((a, b) => b.ledger.rows.length - a.ledger.rows.length);
  }

  /** What the settings would need, where part of it is there already. Throws as prepare() does. */
  preview(settings: LedgerSettings): LedgerTime {
    const known = findLedgerPlan(this.#parts.db, planIdentity(settings));
    const cells = cellsOf(settings, this.recipes(settings)).map((cell): FilledCell => {
      const wanted = configIdentity(cell.config);
      const there = listReusableRuns(this.#parts.db, settings.datasetId, cell.seed).find(
        (one) => configIdentity(one.config) === wanted,
      );
      return { ...cell, run: there && getRun(this.#parts.db, there.runId) };
    });
    return this.#time(known ?? { settings }, cells);
  }

  #time({ settings }: Pick<LedgerPlan, 'settings'>, cells: readonly FilledCell[]): LedgerTime {
    const dataset = this.#parts.datasets.byId(settings.datasetId);
    return timeOf(cells, {
      valImages: dataset.valImages,
      speed: (config) => this.#parts.checker.check(config, settings.datasetId).time,
      evaluation: (run, crops) => this.measurements.evaluation(run, crops),
    });
  }
}
