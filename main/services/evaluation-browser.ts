// Reading evaluations: the report part by part, its images, its files.

import { AppError } from '../api/errors.ts';
import type { Evaluation, EvaluationDetail, EvaluationMember, EvaluationSummary } from '../api/evaluation.ts';
import type {
  ClassResult,
  ComparedCell,
  ComparedImage,
  ConfusedPair,
  ConfusionMap,
  EvaluatedImages,
  EvaluationComparison,
  EvaluationReport,
  ExportedFile,
  ListedEvaluation,
} from '../api/operations/evaluations.ts';
import type { Page } from '../api/paging.ts';
import type { WritableDatabase } from '../data/database.ts';
import { readAnswers } from '../data/evaluation-answers.ts';
import {
  deleteEvaluation,
  type EvaluationFilter,
  evaluationMembers,
  findEvaluation,
  getEvaluation,
  pageEvaluations,
} from '../data/evaluations.ts';
import { findModel } from '../data/models.ts';
import { getRun, getRunRecipe } from '../data/runs.ts';
import {
  type Compared,
  checkComparable,
  compareEvaluations,
  comparisonCsv,
  imagesOfCell,
} from './evaluation-comparison.ts';
import {
  evaluatedImage,
  type ImagesOf,
  namedAnswers,
  OpenImages,
  shownDataset,
  shownOrThrow,
  splitPaths,
} from './evaluation-images.ts';
import { averageName } from './model-choices.ts';
import { calibrate } from './report/calibration.ts';
import { classResults, confusedPairs } from './report/confusion.ts';
import { confusionMap, type MapPart } from './report/confusion-map.ts';
import { evaluationReport } from './report/evaluation-report.ts';
import { evaluationCsv, evaluationJson } from './report/evaluation-tables.ts';

/** An evaluation that is looked at: read once, then every page of it is quick. */
interface OpenEvaluation {
  evaluation: EvaluationDetail;
  title: string;
  averaged: EvaluationMember[];
  presets: string[];
  parameters: number;
  names: string[];
  classes: ClassResult[];
  /** Read when images are first asked for. */
  images: OpenImages | undefined;
}

export interface ClassesRequest extends Page {
  search: string;
  sort: 'label' | 'name' | 'images' | 'top1Error' | 'top5Error' | 'precision';
  descending: boolean;
}

const mostOpen = 4;
const pairsShown = 50;

export class EvaluationBrowser {
  readonly #db: WritableDatabase;
  /** The least recently used first. */
  readonly #open = new Map<string, OpenEvaluation>();

  constructor(db: WritableDatabase) {
    this.#db = db;
  }

  list(filter: EvaluationFilter, page: Page): { total: number; evaluations: ListedEvaluation[] } {
    const { total, evaluations } = pageEvaluations(this.#db, filter, page);
    return { total, evaluations: evaluations.map((one) => ({ ...one, title: this.#title(one) })) };
  }

  /** Throws NOT_FOUND. */
  show(id: string): EvaluationReport {
    const { evaluation, title, averaged, presets, parameters, names } = this.#get(id);
    const { summary, ...facts } = evaluation;
    const calibration = calibrate(summary.calibration);
    return {
      ...facts,
      title,
      averaged,
      presets,
      parameters,
      names,
      chance: names.length === 0 ? 0 : 1 - 1 / names.length,
      pairs: confusedPairs(summary, names, pairsShown),
      calibration: calibration.bins,
      calibrationError: calibration.error,
      imagesShown: shownDataset(this.#db, evaluation) !== undefined,
    };
  }

  classes(id: string, request: ClassesRequest): { total: number; classes: ClassResult[] } {
    const search = request.search.trim().toLowerCase();
    const { sort, descending, offset, limit } = request;
    const found = this.#get(id).classes.filter(({ name }) => name.toLowerCase().includes(search));
    const way = descending ? -1 : 1;
    found.sort((a, b) => {
      const [x, y] = [a[sort], b[sort]];
      // What has no value comes last, whichever way it is sorted.
      if (x === null || y === null) return Number(x === null) - Number(y === null) || a.label - b.label;
      const order = typeof x === 'string' ? x.localeCompare(String(y)) : x - Number(y);
      return order * way || a.label - b.label;
    });
    return { total: found.length, classes: found.slice(offset, offset + limit) };
  }

  pairs(id: string, request: Page & { search: string }): { total: number; pairs: ConfusedPair[] } {
    const { evaluation, names } = this.#get(id);
    const search = request.search.trim().toLowerCase();
    const all = confusedPairs(evaluation.summary, names, Number.POSITIVE_INFINITY).filter(
      (pair) => search === '' || `${pair.trueName}\n${pair.answeredName}`.toLowerCase().includes(search),
    );
    return { total: all.length, pairs: all.slice(request.offset, request.offset + request.limit) };
  }

  confusion(id: string, part: MapPart): ConfusionMap {
    return confusionMap(this.#get(id).evaluation.summary, part);
  }

  /** Throws NOT_FOUND where the images are not there any more. */
  images(id: string, of: ImagesOf, page: Page): EvaluatedImages {
    const { evaluation, names } = this.#get(id);
    return this.#images(id).page(this.#db, shownOrThrow(this.#db, evaluation), names, of, page);
  }

  /** Throws NOT_FOUND, INVALID_ARGUMENT where they are not of the same images. */
  compare(a: string, b: string): EvaluationComparison {
    return compareEvaluations(this.#compared(a), this.#compared(b), this.#get(a).names);
  }

  /** Throws as compare(), and NOT_FOUND where the images are not there any more. */
  comparedImages(
    a: string,
    b: string,
    of: { cell: ComparedCell; label?: number | undefined },
    page: Page,
  ): { total: number; images: ComparedImage[] } {
    const [first, second] = [this.#compared(a), this.#compared(b)];
    checkComparable(first, second);
    const shown = shownOrThrow(this.#db, first.evaluation);
    const { names } = this.#get(a);
    const records = imagesOfCell(first, second, of);
    const images = records.slice(page.offset, page.offset + page.limit).map((record) => ({
      ...evaluatedImage(this.#db, shown, first.answers, names, record),
      other: namedAnswers(second.answers, names, record),
    }));
    return { total: records.length, images };
  }

  /** Throws as compare(). */
  exportComparison(a: string, b: string): ExportedFile {
    const [first, second] = [this.#compared(a), this.#compared(b)];
    const text = comparisonCsv(first, second, this.#get(a).names, splitPaths(this.#db, first.evaluation));
    const name = `${first.title} and ${second.title}`.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 150);
    return { fileName: `${name}.csv`, mediaType: 'text/csv', text };
  }

  #compared(id: string): Compared {
    const { evaluation, title } = this.#get(id);
    const { summary: _, ...facts } = evaluation;
    return { evaluation: facts, title, answers: this.#images(id).answers };
  }

  /** The counts behind a report. Throws NOT_FOUND. */
  summary(id: string): EvaluationSummary {
    return this.#get(id).evaluation.summary;
  }

  /** Throws NOT_FOUND. */
  export(id: string, format: 'html' | 'csv' | 'json'): ExportedFile {
    const { evaluation, title, averaged, presets, parameters, names, classes } = this.#get(id);
    const fileName = `${title.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 100)}.${format}`;
    if (format === 'csv') {
      const text = evaluationCsv(this.#images(id).answers, names, splitPaths(this.#db, evaluation));
      return { fileName, mediaType: 'text/csv', text };
    }
    if (format === 'json') {
      const text = evaluationJson(
        { ...evaluation, title, averaged },
        names,
        classes,
        this.#images(id).answers,
      );
      return { fileName, mediaType: 'application/json', text };
    }
    const { datasetName, split, crops, ties, checkpointStep, summary, elapsedMs, createdAt } = evaluation;
    const text = evaluationReport({
      model: title,
      dataset: datasetName,
      split,
      crops,
      ties,
      presets,
      parameters,
      checkpointStep,
      averaged,
      names,
      summary,
      elapsedMs,
      createdAt,
    });
    return { fileName, mediaType: 'text/html', text };
  }

  /** Throws NOT_FOUND. */
  remove(id: string): void {
    deleteEvaluation(this.#db, id);
    this.#open.delete(id);
  }

  #images(id: string): OpenImages {
    const open = this.#get(id);
    open.images ??= new OpenImages(readAnswers(this.#db, open.evaluation));
    return open.images;
  }

  #get(id: string): OpenEvaluation {
    const known = this.#open.get(id);
    // Names of runs and data sets change: only what was computed is kept.
    if (known !== undefined && findEvaluation(this.#db, id) !== undefined) {
      this.#open.delete(id);
      this.#open.set(id, known);
      return known;
    }
    const stored = getEvaluation(this.#db, id);
    if (stored === undefined) {
      this.#open.delete(id);
      throw new AppError('NOT_FOUND', `there is no evaluation ${id}; it may have been removed`, {
        evaluation: id,
      });
    }
    const opened = this.#describe(stored);
    this.#open.set(id, opened);
    for (const oldest of this.#open.keys()) {
      if (this.#open.size <= mostOpen) break;
      this.#open.delete(oldest);
    }
    return opened;
  }

  #describe(stored: EvaluationDetail & { labels: string[] | null }): OpenEvaluation {
    const { labels, ...evaluation } = stored;
    const { id, runId, modelId, summary } = evaluation;
    const averaged = evaluationMembers(this.#db, id);
    const nets = (averaged.length > 0 ? averaged : [evaluation]).flatMap((one) => this.#net(one) ?? []);
    const recipe = labels === null && runId !== null ? getRunRecipe(this.#db, runId) : undefined;
    const model = labels === null && modelId !== null ? findModel(this.#db, modelId) : undefined;
    const names =
      labels ?? recipe?.labels ?? model?.labels ?? summary.classImages.map((_, label) => `class ${label}`);
    return {
      evaluation,
      title: this.#title(evaluation),
      averaged,
      presets: [...new Set(nets.map(({ preset }) => preset))],
      parameters: nets.reduce((sum, { parameters }) => sum + parameters, 0),
      names,
      images: undefined,
      classes: classResults(summary, names),
    };
  }

  #net({ runId, modelId }: Pick<Evaluation, 'runId' | 'modelId'>) {
    if (runId !== null) return getRun(this.#db, runId);
    return modelId === null ? undefined : findModel(this.#db, modelId);
  }

  #title(evaluation: Evaluation): string {
    const { id, checkpointStep, datasetName, members } = evaluation;
    if (members > 1) {
      const names = evaluationMembers(this.#db, id).map(({ name }) => name);
      return `${averageName(names)} on ${datasetName}`;
    }
    const name = this.#net(evaluation)?.name ?? 'a removed model';
    return `${name} on ${datasetName}${checkpointStep === null ? '' : `, step ${checkpointStep}`}`;
  }
}
