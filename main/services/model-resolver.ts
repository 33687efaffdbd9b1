// What MODEL stands for: an imported model's name, RUN, RUN@best, RUN@last or RUN@STEP.
import { join } from 'node:path';
import { AppError } from '../api/errors.ts';
import type { ModelPreprocessing } from '../api/models.ts';
import { closest } from '../api/nearest.ts';
import type { NetConfig } from '../api/run-config.ts';
import { findCheckpoint, listCheckpoints } from '../data/checkpoint-reader.ts';
import { type DataDirectory, runFile } from '../data/data-directory.ts';
import type { ReadableDatabase } from '../data/database.ts';
import { findModel, listModels } from '../data/models.ts';
import { openCheckpointReader } from '../data/open-database.ts';
import { getRunRecipe, listRuns } from '../data/runs.ts';
import type { ModelSource } from '../engine/protocol.ts';
import { tryResolveRun } from './run-reference.ts';

export interface ResolvedModel {
  /** As the user named it. */
  title: string;
  /** Exactly one of the two. */
  runId: string | null;
  modelId: string | null;
  checkpointStep: number | null;
  source: ModelSource;
  preset: string;
  net: NetConfig;
  /** With the mean image's absolute path. */
  preprocessing: ModelPreprocessing;
  /** Class names in class order. */
  labels: string[];
  parameters: number;
}

/** The same for the same weights alone. */
export function sourceKey({ source }: ResolvedModel): string {
  return `${source.file}#${source.kind === 'checkpoint' ? source.checkpointId : ''}`;
}

/** MODEL as it was named, its name replaced by the id, which nothing else ever has. */
export function byId({ title, runId, modelId }: ResolvedModel): string {
  const at = title.lastIndexOf('@');
  return `${runId ?? modelId ?? title}${at < 0 ? '' : title.slice(at)}`;
}

/** More than any run removes of its checkpoints while one is read. */
const mostAttempts = 5;

function isRemoved(error: unknown, source: ModelSource): boolean {
  if (!(error instanceof AppError) || error.code !== 'NOT_FOUND' || source.kind !== 'checkpoint')
    return false;
  return error.details?.checkpointId === source.checkpointId;
}

export class ModelResolver {
  readonly #db: ReadableDatabase;
  readonly #directory: DataDirectory;

  constructor(db: ReadableDatabase, directory: DataDirectory) {
    this.#db = db;
    this.#directory = directory;
  }

  /** Throws NOT_FOUND, saying what there is instead. */
  resolve(title: string): ResolvedModel {
    const at = title.lastIndexOf('@');
    const name = at < 0 ? title : title.slice(0, at);
    const which = at < 0 ? undefined : title.slice(at + 1);
    const model = which === undefined ? findModel(this.#db, name) : undefined;
    if (model !== undefined) {
      return {
        title,
        runId: null,
        modelId: model.id,
        checkpointStep: null,
        source: { kind: 'safetensors', file: join(this.#directory.root, model.file) },
        preset: model.preset,
        net: model.net,
        preprocessing: this.#absolute(model.preprocessing),
        labels: model.labels,
        parameters: model.parameters,
      };
    }
    const run = tryResolveRun(this.#db, name);
    if (run === undefined) throw this.#unknown(title);
    const recipe = getRunRecipe(this.#db, run.id);
    if (recipe === undefined) throw this.#unknown(title);
    const file = runFile(this.#directory, run.id);
    const checkpoint = this.#checkpoint(file, run.name, which);
    return {
      title,
      runId: run.id,
      modelId: null,
      checkpointStep: checkpoint.step,
      source: { kind: 'checkpoint', file, checkpointId: checkpoint.id },
      preset: run.preset,
      net: recipe.config.net,
      preprocessing: this.#absolute(recipe.preprocessing),
      labels: recipe.labels,
      parameters: run.parameters,
    };
  }

  /**
   * Runs `work` with the model. A run that trains may remove a checkpoint while it is read: what the title stands
   * for by then is tried instead. Throws as resolve() and `work` do.
   */
  async withModel<T>(title: string, work: (model: ResolvedModel) => Promise<T>): Promise<T> {
    return await this.withModels([title], ([model]) => work(model as ResolvedModel));
  }

  /** withModel() of several, in their order. */
  async withModels<T>(titles: readonly string[], work: (models: ResolvedModel[]) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const models = titles.map((title) => this.resolve(title));
      try {
        return await work(models);
      } catch (error) {
        const removed = models.some(({ source }) => isRemoved(error, source));
        if (attempt === mostAttempts || !removed) throw error;
      }
    }
  }

  /** The run whose checkpoint is meant; undefined for an imported model, or nothing known. */
  runOf(title: string): string | undefined {
    const at = title.lastIndexOf('@');
    if (at < 0 && findModel(this.#db, title) !== undefined) return undefined;
    return tryResolveRun(this.#db, at < 0 ? title : title.slice(0, at))?.id;
  }

  #checkpoint(file: string, runName: string, which: string | undefined) {
    if (which !== undefined && which !== 'best' && which !== 'last' && !/^\d+$/.test(which)) {
      throw new AppError('NOT_FOUND', `after @ comes best, last or a step, not '${which}'`);
    }
    const db = openCheckpointReader(file);
    try {
      const found =
        which === undefined
          ? (findCheckpoint(db, 'best') ?? findCheckpoint(db, 'last'))
          : findCheckpoint(db, which === 'best' || which === 'last' ? which : Number(which));
      if (found !== undefined) return found;
      const steps = listCheckpoints(db).map((checkpoint) => checkpoint.step);
      throw new AppError(
        'NOT_FOUND',
        steps.length === 0
          ? `run ${runName} has no checkpoint yet`
          : which === 'best'
            ? `run ${runName} was not validated, so it has no best checkpoint; there are those of steps ${steps.join(', ')}`
            : `run ${runName} has no checkpoint of step ${which}; there are those of steps ${steps.join(', ')}`,
        { steps },
      );
    } finally {
      db.close();
    }
  }

  #absolute(preprocessing: ModelPreprocessing): ModelPreprocessing {
    const { meanImageFile } = preprocessing;
    if (meanImageFile === undefined) return preprocessing;
    return { ...preprocessing, meanImageFile: join(this.#directory.root, meanImageFile) };
  }

  #unknown(title: string): AppError {
    const models = listModels(this.#db).map((model) => model.name);
    const runs = listRuns(this.#db, { limit: 200 }).flatMap(({ id, name }) => [name, id]);
    const meant = closest(title.replace(/@[^@]*$/, ''), [...models, ...runs]);
    const hint =
      meant === undefined ? 'model list and runs list show what there is' : `did you mean ${meant}?`;
    return new AppError('NOT_FOUND', `there is no model or run ${title}; ${hint}`, { model: title });
  }
}
