// Evaluation: the errors of a model, or of several averaged, on a data set's split, stored, with a report as one
// HTML file where wanted.
import type { Split } from '../api/datasets.ts';
import { AppError } from '../api/errors.ts';
import type { Crops, Evaluation, EvaluationMember, EvaluationSummary, Ties } from '../api/evaluation.ts';
import { finiteOrNull } from '../api/numbers.ts';
import type { WritableDatabase } from '../data/database.ts';
import { insertEvaluation } from '../data/evaluations.ts';
import { newId } from '../data/ids.ts';
import { EngineHost, type SpawnHost } from '../engine/client.ts';
import type { EvaluateJob } from '../engine/protocol.ts';
import { type DatasetPacks, type DatasetService, packOf } from './datasets.ts';
import { averageName, modelTitle } from './model-choices.ts';
import type { ModelResolver, ResolvedModel } from './model-resolver.ts';
import { checkOutputPlace, writeWhole } from './output-place.ts';
import { type ConfusedPair, confusedPairs } from './report/confusion.ts';
import { evaluationReport } from './report/evaluation-report.ts';

export interface EvaluateRequest {
  /** Several: each by itself, and the average of their softmax outputs. */
  models: readonly string[];
  dataset: string;
  split: Split;
  crops: Crops;
  /** How equal probabilities count. */
  ties: Ties;
  /** An HTML file to write: of the average, where there are several models. */
  report?: string;
  /** 0: all cores. */
  threads?: number;
}

/** One model's, or the average of several. */
export interface EvaluationResult extends Evaluation {
  model: string;
  classes: number;
  summary: EvaluationSummary;
  /** The most frequent mistakes, at most 50. */
  pairs: ConfusedPair[];
  /** What was averaged; empty where there was one model. */
  averaged: EvaluationMember[];
}

export interface EvaluationParts {
  db: WritableDatabase;
  datasets: DatasetService;
  models: ModelResolver;
  spawnHost: SpawnHost;
  warn: (line: string) => void;
  /** Ms UTC. */
  now: () => number;
}

export class EvaluationService {
  readonly #parts: EvaluationParts;

  constructor(parts: EvaluationParts) {
    this.#parts = parts;
  }

  /**
   * Each model's evaluation is stored as soon as it is made, the average last. Throws NOT_FOUND,
   * DATASET_NOT_READY, INVALID_ARGUMENT where models and data set do not fit, DISK_FULL where there is no room for
   * the answers of several, CANCELLED.
   */
  async evaluate(
    request: EvaluateRequest,
    onProgress: (done: number, total: number) => void,
    signal?: AbortSignal,
  ): Promise<EvaluationResult> {
    if (request.report !== undefined) checkOutputPlace(request.report, 'the report');
    return await this.#parts.models.withModels(request.models, (models) =>
      this.#evaluate(models, request, onProgress, signal),
    );
  }

  async #evaluate(
    models: readonly ResolvedModel[],
    request: EvaluateRequest,
    onProgress: (done: number, total: number) => void,
    signal: AbortSignal | undefined,
  ): Promise<EvaluationResult> {
    const { db, now } = this.#parts;
    const { packs, pack } = this.#fitting(models, request);
    const names = models.map((model) => modelTitle(db, model));
    const averaged: EvaluationMember[] = [];
    const began = performance.now();
    let partBegan = began;
    const store = async (
      of: number | 'average',
      summary: EvaluationSummary,
      answers: Uint8Array[],
    ): Promise<EvaluationResult> => {
      const model = of === 'average' ? undefined : models[of];
      const evaluation = {
        id: newId(),
        runId: model?.runId ?? null,
        modelId: model?.modelId ?? null,
        checkpointStep: model?.checkpointStep ?? null,
        datasetId: packs.dataset.id,
        datasetName: packs.dataset.name,
        split: request.split,
        crops: request.crops,
        ties: request.ties,
        elapsedMs: performance.now() - (of === 'average' ? began : partBegan),
        createdAt: now(),
      };
      const loss = finiteOrNull(summary.loss);
      const { images, top1Error, top5Error, top1Interval, top5Interval } = summary;
      const members = of === 'average' ? averaged : [];
      const labels = models[0]?.labels ?? packs.labels;
      await db.whenFree(() => insertEvaluation(db, { ...evaluation, summary, answers, labels, members }));
      if (of !== 'average' && models.length > 1) {
        const { id: evaluationId, runId, modelId, checkpointStep } = evaluation;
        const name = names[of] ?? '';
        averaged.push({ name, runId, modelId, checkpointStep, evaluationId, loss, top1Error, top5Error });
      }
      partBegan = performance.now();
      return {
        ...evaluation,
        model: of === 'average' ? averageName(names) : (models[of]?.title ?? ''),
        classes: packs.labels.length,
        members: Math.max(1, members.length),
        averaged: members,
        images,
        loss,
        top1Error,
        top5Error,
        top1Interval,
        top5Interval,
        summary,
        pairs: confusedPairs(summary, packs.labels, 50),
      };
    };
    const result = await this.#run(evaluateJob(models, pack, request), store, onProgress, signal);
    if (request.report !== undefined) {
      const html = evaluationReport({
        model: result.model,
        dataset: packs.dataset.name,
        split: request.split,
        crops: request.crops,
        ties: request.ties,
        presets: [...new Set(models.map(({ preset }) => preset))],
        parameters: models.reduce((sum, { parameters }) => sum + parameters, 0),
        checkpointStep: result.checkpointStep,
        averaged: result.averaged,
        names: packs.labels,
        summary: result.summary,
        elapsedMs: result.elapsedMs,
        createdAt: result.createdAt,
      });
      await writeWhole(request.report, html);
    }
    return result;
  }

  /**
   * A model's errors on a pack of other classes; nothing is stored. `classOf`: the model's class for each of them, -1
   * for those whose images are left out. Throws CANCELLED.
   */
  async measureKnown(
    {
      model,
      pack,
      classOf,
      threads,
    }: { model: ResolvedModel; pack: string; classOf: number[]; threads: number },
    onProgress: (done: number, total: number) => void,
    signal?: AbortSignal,
  ): Promise<EvaluationSummary> {
    const job = { ...evaluateJob([model], pack, { crops: 1, ties: 'first', threads }), classOf };
    return await this.#run(job, (_, summary) => Promise.resolve(summary), onProgress, signal);
  }

  /** What evaluate() begins with: throws at once what makes no sense. */
  check(request: EvaluateRequest): { models: ResolvedModel[]; packs: DatasetPacks; pack: string } {
    const models = request.models.map((title) => this.#parts.models.resolve(title));
    return { models, ...this.#fitting(models, request) };
  }

  #fitting(
    models: readonly ResolvedModel[],
    request: EvaluateRequest,
  ): { packs: DatasetPacks; pack: string } {
    const packs = this.#parts.datasets.packs(request.dataset);
    const pack = packOf(packs, request.split);
    checkMembers(models);
    const [first] = models;
    if (first !== undefined) this.#checkClasses(first, packs.labels, request.dataset);
    return { packs, pack };
  }

  /** The last result that the engine tells, as `store` makes it. */
  async #run<Result>(
    job: EvaluateJob,
    store: (of: number | 'average', summary: EvaluationSummary, answers: Uint8Array[]) => Promise<Result>,
    onProgress: (done: number, total: number) => void,
    signal: AbortSignal | undefined,
  ): Promise<Result> {
    if (signal?.aborted) throw new AppError('CANCELLED', 'stopped before anything was evaluated');
    let result: Result | undefined;
    let answers: Uint8Array[] = [];
    const host = new EngineHost(this.#parts.spawnHost, job, {
      progress: ({ done, total }) => onProgress(done, total),
      answers: ({ block }) => answers.push(block),
      evaluated: async ({ of, summary }) => {
        result = await store(of, summary, answers);
        answers = [];
      },
    });
    const cancel = () => host.cancel();
    signal?.addEventListener('abort', cancel);
    try {
      await host.ended;
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
    if (result === undefined) throw new AppError('ENGINE_DIED', 'the engine ended without a result');
    return result;
  }

  #checkClasses(model: ResolvedModel, dataset: readonly string[], datasetName: string): void {
    const { labels, title } = model;
    if (labels.length !== dataset.length) {
      throw new AppError(
        'INVALID_ARGUMENT',
        `${title} has ${labels.length} classes and data set ${datasetName} has ${dataset.length}; they must be the same`,
      );
    }
    const first = labels.findIndex((name, label) => name !== dataset[label]);
    if (first < 0) return;
    this.#parts.warn(
      `class ${first} is '${labels[first]}' for ${title} and '${dataset[first]}' in ${datasetName}; ` +
        'classes are compared by their place',
    );
  }
}

function evaluateJob(
  models: readonly ResolvedModel[],
  pack: string,
  { crops, ties, threads = 0 }: Pick<EvaluateRequest, 'crops' | 'ties' | 'threads'>,
): EvaluateJob {
  return {
    kind: 'evaluate',
    models: models.map(({ net, source, preprocessing }) => ({
      netJson: JSON.stringify(net),
      model: source,
      preprocessing,
    })),
    pack,
    crops,
    ties,
    devices: ['cpu'],
    precision: 'fp32',
    threads,
  };
}

/** Throws INVALID_ARGUMENT where several models cannot be averaged. */
function checkMembers(models: readonly ResolvedModel[]): void {
  const [first, ...others] = models;
  if (first === undefined) throw new AppError('INVALID_ARGUMENT', 'there is no model to evaluate');
  const seen = new Map<string, string>();
  for (const { title, runId, modelId, checkpointStep } of models) {
    const key = `${runId ?? modelId} ${checkpointStep}`;
    const before = seen.get(key);
    if (before !== undefined) {
      throw new AppError(
        'INVALID_ARGUMENT',
        before === title
          ? `${title} is named twice; an average is of different models`
          : `${before} and ${title} are the same checkpoint; an average is of different models`,
      );
    }
    seen.set(key, title);
  }
  for (const other of others) {
    const count = Math.max(first.labels.length, other.labels.length);
    const apart = Array.from({ length: count }, (_, label) => label).find(
      (label) => first.labels[label] !== other.labels[label],
    );
    if (apart === undefined) continue;
    const name = ({ title, labels }: ResolvedModel) =>
      labels[apart] === undefined
        ? `${title} has only ${labels.length} classes`
        : `${title} has '${labels[apart]}' there`;
    throw new AppError(
      'INVALID_ARGUMENT',
      `models are averaged only where their classes are the same in the same order; class ${apart} differs: ` +
        `${name(first)}, ${name(other)}`,
      { class: apart, models: [first.title, other.title] },
    );
  }
}
