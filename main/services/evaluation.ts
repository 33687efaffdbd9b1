// Evaluation: a model's errors on a data set's split, stored, with a report as one HTML file where wanted.
import { rename, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Split } from '../api/datasets.ts';
import { AppError } from '../api/errors.ts';
import type { Crops, Evaluation, EvaluationSummary } from '../api/evaluation.ts';
import { finiteOrNull } from '../api/numbers.ts';
import { fromFileSystem } from '../data/data-directory.ts';
import type { WritableDatabase } from '../data/database.ts';
import { insertEvaluation } from '../data/evaluations.ts';
import { newId } from '../data/ids.ts';
import { EngineHost, type SpawnHost } from '../engine/client.ts';
import type { DatasetPacks, DatasetService } from './datasets.ts';
import type { ModelResolver, ResolvedModel } from './model-resolver.ts';
import { checkOutputPlace } from './output-place.ts';
import { type ConfusedPair, confusedPairs } from './report/confusion.ts';
import { evaluationReport } from './report/evaluation-report.ts';

export interface EvaluateRequest {
  model: string;
  dataset: string;
  split: Split;
  crops: Crops;
  /** An HTML file to write. */
  report?: string;
  /** 0: all cores. */
  threads?: number;
}

export interface EvaluationResult extends Evaluation {
  model: string;
  classes: number;
  summary: EvaluationSummary;
  /** The most frequent mistakes, at most 50. */
  pairs: ConfusedPair[];
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

  /** Throws NOT_FOUND, DATASET_NOT_READY, INVALID_ARGUMENT where model and data set do not fit, CANCELLED. */
  async evaluate(
    request: EvaluateRequest,
    onProgress: (done: number, total: number) => void,
    signal?: AbortSignal,
  ): Promise<EvaluationResult> {
    if (request.report !== undefined) checkOutputPlace(request.report, 'the report');
    return await this.#parts.models.withModel(request.model, (model) =>
      this.#evaluate(model, request, onProgress, signal),
    );
  }

  async #evaluate(
    model: ResolvedModel,
    request: EvaluateRequest,
    onProgress: (done: number, total: number) => void,
    signal: AbortSignal | undefined,
  ): Promise<EvaluationResult> {
    const { db, now } = this.#parts;
    const { packs, pack } = this.#fitting(model, request);
    const began = performance.now();
    const summary = await this.#run(
      {
        kind: 'evaluate',
        netJson: JSON.stringify(model.net),
        model: model.source,
        preprocessing: model.preprocessing,
        pack,
        crops: request.crops,
        devices: ['cpu'],
        precision: 'fp32',
        threads: request.threads ?? 0,
      },
      onProgress,
      signal,
    );
    const evaluation = {
      id: newId(),
      runId: model.runId,
      modelId: model.modelId,
      checkpointStep: model.checkpointStep,
      datasetId: packs.dataset.id,
      datasetName: packs.dataset.name,
      split: request.split,
      crops: request.crops,
      elapsedMs: performance.now() - began,
      createdAt: now(),
    };
    insertEvaluation(db, { ...evaluation, summary });
    if (request.report !== undefined) {
      const html = evaluationReport({
        model: model.title,
        dataset: packs.dataset.name,
        split: request.split,
        crops: request.crops,
        preset: model.preset,
        parameters: model.parameters,
        checkpointStep: model.checkpointStep,
        names: packs.labels,
        summary,
        elapsedMs: evaluation.elapsedMs,
        createdAt: evaluation.createdAt,
      });
      await writeWhole(resolve(request.report), html);
    }
    return {
      ...evaluation,
      model: model.title,
      classes: packs.labels.length,
      images: summary.images,
      loss: finiteOrNull(summary.loss),
      top1Error: summary.top1Error,
      top5Error: summary.top5Error,
      summary,
      pairs: confusedPairs(summary, packs.labels, 50),
    };
  }

  /** What evaluate() begins with: throws at once what makes no sense. */
  check(request: EvaluateRequest): { model: ResolvedModel; packs: DatasetPacks; pack: string } {
    const model = this.#parts.models.resolve(request.model);
    return { model, ...this.#fitting(model, request) };
  }

  #fitting(model: ResolvedModel, request: EvaluateRequest): { packs: DatasetPacks; pack: string } {
    const packs = this.#parts.datasets.packs(request.dataset);
    const pack = request.split === 'train' ? packs.train : packs.val;
    if (pack === undefined) {
      throw new AppError(
        'INVALID_ARGUMENT',
        `data set ${packs.dataset.name} has no validation images; use --split train, or add it with --val or --val-fraction`,
      );
    }
    this.#checkClasses(model.labels, packs.labels, request);
    return { packs, pack };
  }

  async #run(
    job: ConstructorParameters<typeof EngineHost>[1],
    onProgress: (done: number, total: number) => void,
    signal: AbortSignal | undefined,
  ): Promise<EvaluationSummary> {
    if (signal?.aborted) throw new AppError('CANCELLED', 'stopped before anything was evaluated');
    let summary: EvaluationSummary | undefined;
    const host = new EngineHost(this.#parts.spawnHost, job, {
      progress: ({ done, total }) => onProgress(done, total),
      evaluated: (message) => {
        summary = message.summary;
      },
    });
    const cancel = () => host.cancel();
    signal?.addEventListener('abort', cancel);
    try {
      await host.ended;
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
    if (summary === undefined) throw new AppError('ENGINE_DIED', 'the engine ended without a result');
    return summary;
  }

  #checkClasses(model: readonly string[], dataset: readonly string[], request: EvaluateRequest): void {
    if (model.length !== dataset.length) {
      throw new AppError(
        'INVALID_ARGUMENT',
        `${request.model} has ${model.length} classes and data set ${request.dataset} has ${dataset.length}; they must be the same`,
      );
    }
    const first = model.findIndex((name, label) => name !== dataset[label]);
    if (first < 0) return;
    this.#parts.warn(
      `class ${first} is '${model[first]}' for ${request.model} and '${dataset[first]}' in ${request.dataset}; ` +
        'classes are compared by their place',
    );
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  const unfinished = `${path}.part`;
  try {
    await writeFile(unfinished, text);
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw fromFileSystem(error, path, 'writing the report');
  }
}
