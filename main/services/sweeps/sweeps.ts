// Sweeps: files and folders of any size classified with one model. Every answer is stored as it comes, so that the
// same request again, after a stop or a kill, answers only what is new or has changed.
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../api/errors.ts';
import type { Crops } from '../../api/evaluation.ts';
import type { ClassifiedFile } from '../../api/predictions.ts';
import { checkId, type DataDirectory } from '../../data/data-directory.ts';
import type { WritableDatabase } from '../../data/database.ts';
import { newId } from '../../data/ids.ts';
import { insertPredictions } from '../../data/predictions.ts';
import { takeLock } from '../../data/process-lock.ts';
import {
  endSweep,
  findSweep,
  getSweep,
  insertSweep,
  keptAnswer,
  listSweepOutputs,
  type StoredSweep,
  startSweep,
} from '../../data/sweeps.ts';
import type { SpawnHost } from '../../engine/client.ts';
import type { ClassifiedPhoto } from '../../engine/protocol.ts';
import { entropyOf } from '../classification.ts';
import type { ModelResolver, ResolvedModel } from '../model-resolver.ts';
import { PhotoConversation, toClassifiedFile } from '../photo-conversation.ts';
import { AnswerFile } from './answer-file.ts';
import { linesOf } from './answer-lines.ts';
import { countPhotos, type StreamedPhoto, streamPhotos, topmost } from './photo-stream.ts';

export interface SweepRequest {
  /** Files and folders. */
  paths: readonly string[];
  model: string;
  /** Answers a photo. */
  top: number;
  crops: Crops;
}

export interface SweepProgress {
  /** Files that have an answer or an error. */
  done: number;
  /** Null until they are counted. */
  total: number | null;
  /** Of `done`: from before. */
  known: number;
  /** Of `done`: errors. */
  failed: number;
}

export interface SweepOptions {
  /** Absolute; .csv or .jsonl. */
  out?: string;
  /** 0: all cores. */
  threads?: number;
  /** Whether a file is to be answered now; the others are left for another time. */
  take?: (photo: StreamedPhoto) => boolean;
  onProgress?: (progress: SweepProgress) => void;
  onResult?: (result: ClassifiedFile) => void;
  signal?: AbortSignal;
}

export interface SweepParts {
  db: WritableDatabase;
  directory: DataDirectory;
  models: ModelResolver;
  spawnHost: SpawnHost;
  /** Ms UTC. */
  now: () => number;
}

export type { StoredSweep } from '../../data/sweeps.ts';

/** In one message to the engine, and in the net at once. */
const listSize = 128;
const batch = 32;

export class SweepService {
  readonly #parts: SweepParts;

  constructor(parts: SweepParts) {
    this.#parts = parts;
  }

  /** The sweep of this request: a new one, or the one that was made for it before. Throws NOT_FOUND. */
  open({ paths, model, top, crops }: SweepRequest): StoredSweep {
    const { db, models, now } = this.#parts;
    const resolved = models.resolve(model);
    const places = topmost(paths);
    const { runId, modelId, checkpointStep } = resolved;
    const what = JSON.stringify([places, runId, modelId, checkpointStep, crops, top]);
    const identity = createHash('sha256').update(what).digest('hex');
    const facts = { model, runId, modelId, checkpointStep, crops, top };
    // Another process may be making the same.
    return db.transaction(() => {
      const known = findSweep(db, identity);
      if (known !== undefined) return known;
      const id = newId();
      insertSweep(db, { id, identity, paths: places, ...facts, createdAt: now() });
      return this.existing(id);
    });
  }

  /** Throws NOT_FOUND. */
  existing(id: string): StoredSweep {
    const sweep = getSweep(this.#parts.db, id);
    if (sweep === undefined) throw new AppError('NOT_FOUND', 'these answers were removed', { sweep: id });
    return sweep;
  }

  /** What computes a sweep, as the resolver takes it. Throws NOT_FOUND where it was removed. */
  modelOf({ runId, modelId, checkpointStep, model }: StoredSweep): string {
    if (modelId !== null) return modelId;
    if (runId !== null) return `${runId}@${checkpointStep}`;
    throw new AppError(
      'NOT_FOUND',
      `the model ${model} of these answers was removed; start anew with another`,
    );
  }

  /**
   * Answers what has no answer yet. Throws NOT_FOUND where there is no file at all, BUSY where another process is at
   * it, NAME_TAKEN for a file of answers that is somebody else's, CANCELLED, ENGINE_DIED.
   */
  async run(id: string, options: SweepOptions = {}): Promise<SweepProgress> {
    const { db, directory } = this.#parts;
    const sweep = this.existing(id);
    if (options.out !== undefined) linesOf(options.out, sweep.top);
    const folder = join(directory.root, 'sweeps');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const what = `classifying ${sweep.paths.join(', ')}`;
    const unlock = await db.whenFree(() => takeLock(db, join(folder, `${checkId(id)}.lock`), what, 'done'));
    let out: AnswerFile | undefined;
    try {
      if (options.out !== undefined) out = new AnswerFile(db, sweep, options.out);
      return await new SweepRun(this.#parts, sweep, this.modelOf(sweep), options, out).run();
    } finally {
      out?.close();
      unlock();
    }
  }
}

/** One go at a sweep. */
class SweepRun {
  readonly #parts: SweepParts;
  readonly #sweep: StoredSweep;
  readonly #reference: string;
  readonly #options: SweepOptions;
  readonly #out: AnswerFile | undefined;
  readonly #progress: SweepProgress = { done: 0, total: null, known: 0, failed: 0 };
  #conversation: PhotoConversation<StreamedPhoto> | undefined;

  constructor(
    parts: SweepParts,
    sweep: StoredSweep,
    reference: string,
    options: SweepOptions,
    out: AnswerFile | undefined,
  ) {
    this.#parts = parts;
    this.#sweep = sweep;
    this.#reference = reference;
    this.#options = options;
    this.#out = out;
  }

  async run(): Promise<SweepProgress> {
    const { db, now } = this.#parts;
    const { signal } = this.#options;
    const { id, paths } = this.#sweep;
    await db.whenFree(() => startSweep(db, id, now()));
    // Answers of earlier goes that the file does not have.
    await this.#writeOut();
    const left = new AbortController();
    const counting = this.#count(left.signal);
    const cancel = () => this.#conversation?.cancel();
    signal?.addEventListener('abort', cancel);
    try {
      const own = new Set(listSweepOutputs(db, id));
      for await (const photos of streamPhotos(paths, signal)) {
        for (const photo of photos) if (!own.has(photo.path)) await this.#take(photo);
        this.#tell();
      }
      await this.#conversation?.finish();
      await counting;
    } catch (error) {
      this.#conversation?.cancel();
      if (signal?.aborted) throw new AppError('CANCELLED', `stopped after ${this.#progress.done} files`);
      throw error;
    } finally {
      left.abort();
      await counting;
      signal?.removeEventListener('abort', cancel);
    }
    if (this.#progress.done === 0) {
      throw new AppError('NOT_FOUND', `there are no files in ${paths.join(', ')}`, { paths });
    }
    await db.whenFree(() => endSweep(db, id, now()));
    this.#progress.total = this.#progress.done;
    this.#tell();
    return this.#progress;
  }

  async #take(photo: StreamedPhoto): Promise<void> {
    const kept = keptAnswer(this.#parts.db, this.#sweep.id, photo);
    if (kept !== undefined) {
      this.#progress.done++;
      this.#progress.known++;
      if (kept.failed) this.#progress.failed++;
      return;
    }
    if (this.#options.take?.(photo) === false) return;
    this.#conversation ??= this.#converse(this.#parts.models.resolve(this.#reference));
    await this.#conversation.add(photo);
  }

  #converse(model: ResolvedModel): PhotoConversation<StreamedPhoto> {
    const { crops, top } = this.#sweep;
    const { threads = 0 } = this.#options;
    const { spawnHost } = this.#parts;
    return new PhotoConversation<StreamedPhoto>(
      { spawnHost, model, crops, top, threads, listSize, batch },
      (photos, answers) => this.#answered(photos, answers, model.labels),
    );
  }

  /** What it writes it notes in the database. */
  async #writeOut(): Promise<void> {
    const out = this.#out;
    if (out !== undefined) await this.#parts.db.whenFree(() => out.write());
  }

  async #answered(
    photos: readonly StreamedPhoto[],
    answers: readonly ClassifiedPhoto[],
    labels: readonly string[],
  ): Promise<void> {
    const { db, now } = this.#parts;
    const results = photos.map((photo, i) => toClassifiedFile(photo, answers[i], labels, this.#sweep.top));
    await db.whenFree(() => storeAnswers(db, this.#sweep, photos, answers, results, now()));
    await this.#writeOut();
    this.#progress.done += results.length;
    for (const result of results) {
      if ('error' in result) this.#progress.failed++;
      this.#options.onResult?.(result);
    }
    this.#tell();
  }

  async #count(signal: AbortSignal): Promise<void> {
    let files = 0;
    try {
      const take = (count: number) => {
        files = count;
      };
      await countPhotos(this.#sweep.paths, take, signal);
      this.#progress.total = files;
      this.#tell();
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #tell(): void {
    this.#options.onProgress?.({ ...this.#progress });
  }
}

/** One transaction. Returns how many were new. */
export function storeAnswers(
  db: WritableDatabase,
  sweep: StoredSweep,
  photos: readonly StreamedPhoto[],
  answers: readonly ClassifiedPhoto[],
  results: readonly ClassifiedFile[],
  createdAt: number,
): number {
  const { id, model, runId, modelId, checkpointStep, crops } = sweep;
  return insertPredictions(
    db,
    photos.map((photo, i) => {
      const result = results[i];
      const missing = { code: 'INTERNAL', message: 'the engine gave no answer' };
      return {
        path: photo.path,
        model,
        runId,
        modelId,
        checkpointStep,
        crops,
        answers:
          result === undefined || 'error' in result
            ? { error: result?.error ?? missing }
            : result.predictions,
        createdAt,
        sweep: { id, sizeBytes: photo.sizeBytes, modifiedAt: photo.modifiedAt },
        ...entropyOf(answers[i]),
      };
    }),
  );
}
