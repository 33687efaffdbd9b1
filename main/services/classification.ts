// Classification: answers for any number of photos, in order, in bounded memory; one answer or one error a file.
import { AppError } from '../api/errors.ts';
import type { Crops } from '../api/evaluation.ts';
import type { ClassifiedFile } from '../api/predictions.ts';
import type { WritableDatabase } from '../data/database.ts';
import { insertPredictions, type NewPrediction } from '../data/predictions.ts';
import { EngineHost, type SpawnHost } from '../engine/client.ts';
import type { FromHost } from '../engine/protocol.ts';
import type { ModelResolver, ResolvedModel } from './model-resolver.ts';
import { type FoundPhoto, findPhotos } from './photo-paths.ts';

export interface ClassifyRequest {
  /** Files and folders. */
  paths: string[];
  model: string;
  /** Answers a photo. */
  top: number;
  crops: Crops;
  /** The job that asks, which its results are kept for. */
  jobId?: string;
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

/** Photos in one message to the engine: enough to keep every core busy, few enough to see results come. */
const photosAtOnce = 16;
/** Messages under way: the engine has the next photos when it is done with the last. */
const messagesAhead = 2;

type Answers = Extract<FromHost, { type: 'classified' }>['answers'];

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
    const counts: ClassifyCounts = { files: 0, failed: 0 };
    const tell = (photos: readonly FoundPhoto[], answers: Answers) => {
      const results = photos.map((photo, i) => toResult(photo, answers[i], model.labels, request.top));
      this.#store(request, model, photos, results);
      for (const result of results) {
        counts.files++;
        if ('error' in result) counts.failed++;
        onResult(result);
      }
    };
    const conversation = new Conversation(this.#parts.spawnHost, model, request, tell);
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

  #store(
    request: ClassifyRequest,
    model: ResolvedModel,
    photos: readonly FoundPhoto[],
    results: readonly ClassifiedFile[],
  ): void {
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
      ...(request.jobId === undefined ? {} : { jobId: request.jobId }),
    }));
    insertPredictions(this.#parts.db, rows);
  }
}

/** Lists of photos to a host and their answers back, a bounded number of lists under way. */
class Conversation {
  readonly #host: EngineHost;
  readonly #tell: (photos: readonly FoundPhoto[], answers: Answers) => void;
  /** Lists under way by their number; a list without an answer yet has none. */
  readonly #lists = new Map<number, { photos: FoundPhoto[]; answers?: Answers }>();
  #list: FoundPhoto[] = [];
  #nextId = 0;
  #nextTold = 0;
  #wake = () => {};
  #ended: { error: unknown } | undefined;

  constructor(
    spawnHost: SpawnHost,
    model: ResolvedModel,
    request: ClassifyRequest,
    tell: (photos: readonly FoundPhoto[], answers: Answers) => void,
  ) {
    this.#tell = tell;
    this.#host = new EngineHost(
      spawnHost,
      {
        kind: 'classify',
        netJson: JSON.stringify(model.net),
        model: model.source,
        preprocessing: model.preprocessing,
        crops: request.crops,
        top: request.top,
        devices: ['cpu'],
        precision: 'fp32',
        threads: request.threads ?? 0,
        batch: photosAtOnce,
      },
      { classified: ({ id, answers }) => this.#answered(id, answers) },
    );
    const over = (error: unknown) => {
      this.#ended = { error };
      this.#wake();
    };
    const tooEarly = new AppError('ENGINE_DIED', 'the engine ended before every photo was answered');
    this.#host.ended.then(() => over(tooEarly), over);
  }

  /** Resolves when there is room for the next photo. */
  async add(photo: FoundPhoto): Promise<void> {
    this.#list.push(photo);
    // The first photo goes alone: its answer is there as soon as the model is.
    if (this.#list.length >= (this.#nextId === 0 ? 1 : photosAtOnce)) this.#send();
    while (this.#lists.size > messagesAhead) await this.#answerOrEnd();
  }

  async finish(): Promise<void> {
    this.#send();
    while (this.#lists.size > 0) await this.#answerOrEnd();
    this.#host.finish();
    await this.#host.ended;
  }

  cancel(): void {
    this.#host.cancel();
  }

  #send(): void {
    if (this.#list.length === 0) return;
    const photos = this.#list;
    this.#list = [];
    const id = this.#nextId++;
    this.#lists.set(id, { photos });
    const paths = photos.filter((photo) => photo.problem === undefined).map((photo) => photo.path);
    if (paths.length === 0) this.#answered(id, []);
    else this.#host.classify(id, paths);
  }

  #answered(id: number, answers: Answers): void {
    const list = this.#lists.get(id);
    if (list === undefined)
      throw new AppError('INTERNAL', `the engine answered list ${id}, which was not sent`);
    // Photos that were not sent keep their place.
    let next = 0;
    list.answers = list.photos.map((photo) => (photo.problem === undefined ? (answers[next++] ?? {}) : {}));
    for (let told = this.#lists.get(this.#nextTold); told?.answers; told = this.#lists.get(this.#nextTold)) {
      this.#lists.delete(this.#nextTold++);
      this.#tell(told.photos, told.answers);
    }
    this.#wake();
  }

  /** Resolves with the next answer; rejects where the host has ended instead. */
  async #answerOrEnd(): Promise<void> {
    if (this.#ended === undefined) {
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
    }
    if (this.#ended !== undefined && this.#lists.size > 0) throw this.#ended.error;
  }
}

function toResult(
  photo: FoundPhoto,
  answer: Answers[number] | undefined,
  labels: readonly string[],
  top: number,
): ClassifiedFile {
  const { file } = photo;
  if (photo.problem !== undefined) return { file, error: photo.problem };
  if (answer?.predictions === undefined) {
    const { code, message } = answer?.error ?? { code: 'INTERNAL', message: 'the engine gave no answer' };
    return { file, error: { code, message } };
  }
  return {
    file,
    predictions: answer.predictions.slice(0, top).map(({ class: label, probability }) => ({
      class: label,
      name: labels[label] ?? `class ${label}`,
      probability,
    })),
  };
}
