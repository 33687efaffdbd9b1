// Answers for photos that the screens know: by one model or several, each crop's too, kept in the history.
import { basename } from 'node:path';
import { AppError } from '../api/errors.ts';
import type { Crops } from '../api/evaluation.ts';
import { imageUrls } from '../api/image-urls.ts';
import type { FolderResult, FolderResults, PhotoAnswer } from '../api/operations/classify.ts';
import type { Page } from '../api/paging.ts';
import type { NamedPrediction, Prediction, StoredPrediction } from '../api/predictions.ts';
import type { WritableDatabase } from '../data/database.ts';
import type { StoredPhoto } from '../data/photos.ts';
import { type PredictionFilter, type PredictionOrder, searchPredictions } from '../data/prediction-search.ts';
import {
  deletePredictionsBefore,
  insertPredictions,
  listSweepPredictions,
  type NewPrediction,
  pageHistory,
  pageSweepPredictions,
} from '../data/predictions.ts';
import type { Addon } from '../engine/addon.ts';
import type { ClassifiedPhoto } from '../engine/protocol.ts';
import type { Changes } from './changes.ts';
import type { CheckpointFiles } from './checkpoint-files.ts';
import type { ModelHosts } from './model-hosts.ts';
import type { ModelResolver, ResolvedModel } from './model-resolver.ts';
import type { PhotoService } from './photos.ts';
import { csvLines } from './sweeps/answer-lines.ts';

export interface AskRequest {
  photoIds: string[];
  models: string[];
  top: number;
  crops: Crops;
}

export interface PhotoAnswerParts {
  db: WritableDatabase;
  photos: PhotoService;
  models: ModelResolver;
  hosts: ModelHosts;
  files: CheckpointFiles;
  changes: Changes;
  addon: () => Addon;
  /** Ms UTC. */
  now: () => number;
}

/** After the first photo, which goes alone: enough to decode side by side. */
const photosAtOnce = 8;
const csvRowsAtOnce = 1000;

export class PhotoAnswers {
  readonly #parts: PhotoAnswerParts;

  constructor(parts: PhotoAnswerParts) {
    this.#parts = parts;
  }

  /** Photos in order, for each all models. A photo that cannot be read is an answer with an error. */
  async *ask(request: AskRequest, signal: AbortSignal): AsyncGenerator<PhotoAnswer> {
    const { photos, models, files } = this.#parts;
    const asked = request.photoIds.map((id) => photos.existing(id));
    const resolved: ResolvedModel[] = [];
    for (const reference of request.models) {
      await files.free(models.runOf(reference));
      resolved.push(models.resolve(reference));
    }
    for (let begin = 0; begin < asked.length && !signal.aborted; ) {
      const part = asked.slice(begin, begin + (begin === 0 ? 1 : photosAtOnce));
      begin += part.length;
      const answers = await Promise.all(resolved.map((model) => this.#askOne(model, part, request)));
      for (const i of part.keys()) {
        for (const [m, model] of resolved.entries()) {
          const answer = answers[m]?.[i];
          if (signal.aborted || answer === undefined) return;
          await this.#store(model, part[i] as StoredPhoto, request.crops, answer);
          yield answer;
        }
      }
    }
  }

  history(page: Page): { total: number; results: FolderResult[] } {
    const { total, predictions } = pageHistory(this.#parts.db, page);
    return { total, results: predictions.map(toResult) };
  }

  clearHistory(): void {
    deletePredictionsBefore(this.#parts.db, Number.MAX_SAFE_INTEGER);
    this.#parts.changes.tell('predictions');
  }

  /** Forgets what is older than so many days; 0 keeps everything. */
  trimHistory(days: number): void {
    if (days > 0) deletePredictionsBefore(this.#parts.db, this.#parts.now() - days * 86_400_000);
  }

  /** Everything that was answered and fits. */
  search(
    filter: PredictionFilter,
    order: PredictionOrder,
    page: Page,
  ): { total: number; results: FolderResult[] } {
    const { total, predictions } = searchPredictions(this.#parts.db, filter, order, page);
    return { total, results: predictions.map(toResult) };
  }

  results({ id, ...request }: Page & { id: string; search: string }): FolderResults {
    const page = { ...request, sweepId: id };
    const { total, failed, predictions } = pageSweepPredictions(this.#parts.db, page);
    return { total, failed, results: predictions.map(toResult) };
  }

  /** One row a file: its path, the model, then class and probability of each answer, or the error. */
  resultsCsv(id: string, top: number): { fileName: string; mediaType: string; text: string } {
    const { head, line } = csvLines(top);
    const rows = [head];
    for (let after = 0; ; ) {
      const page = listSweepPredictions(this.#parts.db, id, after, csvRowsAtOnce);
      for (const prediction of page) rows.push(line(prediction));
      const last = page.at(-1);
      if (last === undefined || page.length < csvRowsAtOnce) break;
      after = last.id;
    }
    return { fileName: 'classification.csv', mediaType: 'text/csv', text: rows.join('') };
  }

  async #askOne(
    model: ResolvedModel,
    photos: readonly StoredPhoto[],
    request: AskRequest,
  ): Promise<PhotoAnswer[]> {
    const began = performance.now();
    const paths = photos.map(({ path }) => path);
    const answers = await this.#parts.hosts.classify(model, request.crops, paths);
    const elapsedMs = (performance.now() - began) / photos.length;
    const places = request.crops === 10 ? this.#parts.addon().testCrops(model.preprocessing.cropSize) : [];
    return photos.map(({ id }, i) => {
      const answer: ClassifiedPhoto = answers[i] ?? {};
      const name = (list: readonly Prediction[]) => named(list.slice(0, request.top), model.labels);
      const failed = answer.predictions === undefined;
      const error = failed ? (answer.error ?? new AppError('INTERNAL', 'the engine gave no answer')) : null;
      return {
        photoId: id,
        model: model.title,
        predictions: name(answer.predictions ?? []),
        crops: (answer.crops ?? []).flatMap((crop, place) => {
          const at = places[place];
          return at === undefined
            ? []
            : [{ top: at.top, left: at.left, mirror: at.mirror, predictions: name(crop) }];
        }),
        error: error === null ? null : { code: error.code, message: error.message },
        elapsedMs,
      };
    });
  }

  async #store(model: ResolvedModel, photo: StoredPhoto, crops: Crops, answer: PhotoAnswer): Promise<void> {
    const { db } = this.#parts;
    const row: NewPrediction = {
      path: photo.path,
      model: model.title,
      runId: model.runId,
      modelId: model.modelId,
      checkpointStep: model.checkpointStep,
      crops,
      answers: answer.error === null ? answer.predictions : { error: answer.error },
      createdAt: this.#parts.now(),
      photoId: photo.id,
    };
    await db.whenFree(() => insertPredictions(db, [row]));
    this.#parts.changes.tell('predictions');
  }
}

function named(list: readonly Prediction[], labels: readonly string[]): NamedPrediction[] {
  return list.map(({ class: label, probability }) => ({
    class: label,
    name: labels[label] ?? `class ${label}`,
    probability,
  }));
}

function toResult(prediction: StoredPrediction): FolderResult {
  return { ...prediction, name: basename(prediction.path), image: imageUrls.prediction(prediction.id) };
}
