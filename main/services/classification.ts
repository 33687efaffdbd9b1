// Classification: answers for any number of photos, in order, in bounded memory; one answer or one error a file.
import { AppError } from '../api/errors.ts';
import type { Crops } from '../api/evaluation.ts';
import type { ClassifiedFile } from '../api/predictions.ts';
import type { WritableDatabase } from '../data/database.ts';
import { insertPredictions, type NewPrediction } from '../data/predictions.ts';
import type { SpawnHost } from '../engine/client.ts';
import type { ClassifiedPhoto } from '../engine/protocol.ts';
import type { ModelResolver, ResolvedModel } from './model-resolver.ts';
import { PhotoConversation, toClassifiedFile } from './photo-conversation.ts';
import { type FoundPhoto, findPhotos } from './photo-paths.ts';

export interface ClassifyRequest {
  /** Files and folders. */
  paths: string[];
  model: string;
  /** Answers a photo. */
  top: number;
  crops: Crops;
  /** 0: all cores. */
  threads?: number;
}

export interface ClassifyCounts {
  files: number;
  failed: number;
}

export interface ClassificationParts {
  db: WritableDatabase;
  models: ModelResolver;
  spawnHost: SpawnHost;
  /** Ms UTC. */
  now: () => number;
}

const photosAtOnce = 16;

export class ClassificationService {
  readonly #parts: ClassificationParts;

  constructor(parts: ClassificationParts) {
    this.#parts = parts;
  }

  /** Results come in the order of the files, each stored before it is told. Throws NOT_FOUND, CANCELLED. */
  async classify(
    request: ClassifyRequest,
    onResult: (result: ClassifiedFile) => void,
    signal?: AbortSignal,
  ): Promise<ClassifyCounts> {
    return await this.#parts.models.withModel(request.model, (model) =>
      this.#classify(model, request, onResult, signal),
    );
  }

  async #classify(
    model: ResolvedModel,
    request: ClassifyRequest,
    onResult: (result: ClassifiedFile) => void,
    signal: AbortSignal | undefined,
  ): Promise<ClassifyCounts> {
    const { crops, top, threads = 0 } = request;
    const { spawnHost } = this.#parts;
    const counts: ClassifyCounts = { files: 0, failed: 0 };
    const options = { spawnHost, model, crops, top, threads, listSize: photosAtOnce, batch: photosAtOnce };
    const conversation = new PhotoConversation<FoundPhoto>(options, async (photos, answers) => {
      const results = photos.map((photo, i) => toClassifiedFile(photo, answers[i], model.labels, top));
      await this.#store(request, model, photos, answers, results);
      for (const result of results) {
        counts.files++;
        if ('error' in result) counts.failed++;
        onResult(result);
      }
    });
    const cancel = () => conversation.cancel();
    signal?.addEventListener('abort', cancel);
    try {
      for await (const photo of findPhotos(request.paths, signal)) await conversation.add(photo);
      await conversation.finish();
    } catch (error) {
      conversation.cancel();
      if (signal?.aborted) throw new AppError('CANCELLED', `stopped after ${counts.files} files`);
      throw error;
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
    if (counts.files === 0) {
      throw new AppError('NOT_FOUND', `there are no files in ${request.paths.join(', ')}`, {
        paths: request.paths,
      });
    }
    return counts;
  }

  async #store(
    request: ClassifyRequest,
    model: ResolvedModel,
    photos: readonly FoundPhoto[],
    answers: readonly ClassifiedPhoto[],
    results: readonly ClassifiedFile[],
  ): Promise<void> {
    const { db } = this.#parts;
    const createdAt = this.#parts.now();
    const rows: NewPrediction[] = results.map((result, i) => ({
      path: photos[i]?.path ?? result.file,
      model: request.model,
      runId: model.runId,
      modelId: model.modelId,
      checkpointStep: model.checkpointStep,
      crops: request.crops,
      answers: 'error' in result ? { error: result.error } : result.predictions,
      createdAt,
      ...entropyOf(answers[i]),
    }));
    await db.whenFree(() => insertPredictions(db, rows));
  }
}

export function entropyOf(answer: ClassifiedPhoto | undefined): { entropy?: number } {
  return answer?.entropy === undefined ? {} : { entropy: answer.entropy };
}
