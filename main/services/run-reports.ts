// Reports of runs: gathers what is known of a run and draws it as one HTML file.
import { AppError } from '../api/errors.ts';
import type { ExportedFile, ListedEvaluation } from '../api/operations/evaluations.ts';
import type { Run } from '../api/runs.ts';
import type { DataDirectory } from '../data/data-directory.ts';
import type { ReadableDatabase } from '../data/database.ts';
import { getDataset } from '../data/datasets.ts';
import { allEvents } from '../data/events.ts';
import { readCurve, trainingTotals } from '../data/metrics.ts';
import { getRunInit, getRunRecipe } from '../data/runs.ts';
import { encodePng } from '../datasets/sample/png.ts';
import type { Addon } from '../engine/addon.ts';
import { CheckpointFiles } from './checkpoint-files.ts';
import type { DeviceService } from './devices.ts';
import type { EvaluationBrowser } from './evaluation-browser.ts';
import { OpenPacks } from './open-packs.ts';
import type { Presets } from './presets.ts';
import { type Ancestor, type Mistake, type ReportTable, runReport } from './report/run-report.ts';
import { RunInspector } from './run-inspector.ts';
import { resolveRun, tryResolveRun } from './run-reference.ts';
import { configDifferences } from './runs.ts';

export interface RunReportParts {
  db: ReadableDatabase;
  directory: DataDirectory;
  addon: () => Addon;
  presets: Presets;
  devices: DeviceService;
  evaluations: EvaluationBrowser;
  version: string;
  /** Tables that others add to a run's report. */
  tables: (runId: string) => Promise<ReportTable[]>;
  /** Ms UTC. */
  now: () => number;
}

const curvePoints = 400;
const mostEvaluations = 50;
const mistakesShown = 24;
const pictureSide = 128;
const pictureQuality = 80;
const mostAncestors = 20;

export class RunReports {
  readonly #parts: RunReportParts;
  readonly #inspector: RunInspector;

  constructor(parts: RunReportParts) {
    this.#parts = parts;
    this.#inspector = new RunInspector(parts.db, new CheckpointFiles(parts.directory));
  }

  /** `photos`: with small pictures of the surest mistakes, which leave this machine with the file. Throws NOT_FOUND. */
  async make(reference: string, { photos }: { photos: boolean }): Promise<ExportedFile> {
    const { db, addon, devices, evaluations, version, tables, now } = this.#parts;
    const run = resolveRun(db, reference);
    const recipe = getRunRecipe(db, run.id);
    if (recipe === undefined) throw new AppError('NOT_FOUND', `run ${reference} does not exist any more`);
    const dataset = run.datasetId === null ? undefined : getDataset(db, run.datasetId);
    const listed = evaluations.list({ runId: run.id }, { offset: 0, limit: mostEvaluations }).evaluations;
    const shown = closest(listed);
    const text = runReport({
      run,
      recipe,
      ...this.#preset(run, recipe.config),
      trainImages: dataset?.trainImages ?? null,
      ancestors: this.#ancestors(run, recipe.config.seed),
      curve: readCurve(db, run.id, { points: curvePoints }),
      totals: trainingTotals(db, run.id),
      events: allEvents(db, run.id),
      evaluations: listed,
      evaluation:
        shown === undefined
          ? undefined
          : { report: evaluations.show(shown.id), summary: evaluations.summary(shown.id) },
      mistakes: photos && shown !== undefined ? this.#mistakes(shown) : [],
      kernels: await this.#kernels(run.id),
      tables: await tables(run.id),
      devices: devices.list(),
      version,
      engineVersion: addon().version,
      madeAt: now(),
    });
    const name = run.name.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 100);
    return { fileName: `${name || run.id}.html`, mediaType: 'text/html', text };
  }

  #preset(run: Run, config: unknown & { net: { classes: number } }) {
    const { presets } = this.#parts;
    if (!presets.names().includes(run.preset)) return { presetTitle: run.preset, changes: [] };
    const changes = configDifferences([
      presets.configure({ preset: run.preset }, config.net.classes),
      config,
    ]);
    return {
      presetTitle: presets.load(run.preset).title,
      changes: changes.map(({ field, values: [preset, own] }) => ({ field, preset, run: own })),
    };
  }

  /** From which weights it began, and those from which. */
  #ancestors(run: Run, seed: number): Ancestor[] {
    const { db } = this.#parts;
    const found: Ancestor[] = [];
    const seen = new Set([run.id]);
    let init = run.init;
    let byId = getRunInit(db, run.id);
    while (init !== '' && found.length < mostAncestors) {
      const parent = tryResolveRun(db, byId.replace(/@[^@]*$/, ''));
      if (parent === undefined) {
        found.unshift({ title: 'Began from', detail: `${init}, a model that was imported or is gone` });
        return found;
      }
      found.unshift({
        title: 'Began from',
        detail: `${init}: run ${parent.name} on ${parent.datasetName}, preset ${parent.preset}`,
      });
      if (seen.has(parent.id)) return found;
      seen.add(parent.id);
      init = parent.init;
      byId = getRunInit(db, parent.id);
    }
    const drawn = getRunRecipe(db, [...seen].at(-1) ?? '')?.config.seed ?? seed;
    return [{ title: 'Began from', detail: `weights drawn at random, seed ${drawn}` }, ...found];
  }

  #mistakes({ id, datasetId, split }: ListedEvaluation): Mistake[] {
    const { directory, addon, evaluations } = this.#parts;
    if (datasetId === null || !evaluations.show(id).imagesShown) return [];
    const { images } = evaluations.images(id, { kind: 'confident' }, { offset: 0, limit: mistakesShown });
    const packs = new OpenPacks(directory, addon);
    try {
      return images.map(({ record, className, answers, trueProbability }) => ({
        picture: packs.record(datasetId, split, record, { quality: pictureQuality, size: pictureSide }),
        truth: className,
        answer: answers[0]?.name ?? '',
        probability: answers[0]?.probability ?? 0,
        trueProbability,
      }));
    } finally {
      packs.close();
    }
  }

  /** Of the best checkpoint, or the last; none where there is none, or the first layer is no convolution. */
  async #kernels(runId: string) {
    const checkpoints = await this.#inspector.checkpoints(runId);
    const chosen = checkpoints.findLast(({ best }) => best) ?? checkpoints.at(-1);
    if (chosen === undefined) return undefined;
    try {
      const { layer, kernels, columns } = await this.#inspector.kernels(runId, chosen.step);
      const { tiles, pixels } = await this.#inspector.kernelPicture(runId, chosen.id);
      return {
        picture: encodePng(tiles.width, tiles.height, pixels),
        layer,
        kernels,
        columns,
        step: chosen.step,
      };
    } catch (error) {
      if (error instanceof AppError && error.code === 'NOT_FOUND') return undefined;
      throw error;
    }
  }
}

/** The evaluation that says most of the run: of it alone, of the validation split, with the most crops, the newest. */
function closest(evaluations: readonly ListedEvaluation[]): ListedEvaluation | undefined {
  const own = evaluations.filter(({ members }) => members === 1);
  const worth = ({ split, crops }: ListedEvaluation) => (split === 'val' ? 100 : 0) + crops;
  return own.reduce<ListedEvaluation | undefined>(
    (best, one) => (best === undefined || worth(one) > worth(best) ? one : best),
    undefined,
  );
}
