// Photos to an engine host and their answers back: lists of them, in order, a bounded number of lists under way.
import { AppError } from '../api/errors.ts';
import type { Crops } from '../api/evaluation.ts';
import type { ClassifiedFile } from '../api/predictions.ts';
import { EngineHost, type SpawnHost } from '../engine/client.ts';
import type { ClassifiedPhoto } from '../engine/protocol.ts';
import type { ResolvedModel } from './model-resolver.ts';
import type { FoundPhoto } from './photo-paths.ts';

export interface ConversationOptions {
  spawnHost: SpawnHost;
  model: ResolvedModel;
  crops: Crops;
  /** Answers a photo. */
  top: number;
  /** 0: all cores. */
  threads: number;
  /** Photos in one list: enough to keep every core busy, few enough to see answers come. */
  listSize: number;
  /** Crops that the net takes at once. */
  batch: number;
}

/** Lists under way: the engine has the next photos when it is done with the last. */
const listsAhead = 2;

/** Stores a list's answers and tells them; the next list waits for it. */
export type Tell<Photo> = (
  photos: readonly Photo[],
  answers: readonly ClassifiedPhoto[],
) => void | Promise<void>;

export class PhotoConversation<Photo extends FoundPhoto> {
  readonly #host: EngineHost;
  readonly #listSize: number;
  readonly #tell: Tell<Photo>;
  /** Lists under way by their number; a list without an answer yet has none. */
  readonly #lists = new Map<number, { photos: Photo[]; answers?: ClassifiedPhoto[] }>();
  #list: Photo[] = [];
  #nextId = 0;
  #nextTold = 0;
  #telling: Promise<void> | undefined;
  #wake = () => {};
  #ended: { error: unknown } | undefined;

  /** `tell` gets the photos in the order in which they were added. Where it fails the conversation ends with that. */
  constructor(
    { spawnHost, model, crops, top, threads, listSize, batch }: ConversationOptions,
    tell: Tell<Photo>,
  ) {
    this.#tell = tell;
    this.#listSize = listSize;
    this.#host = new EngineHost(
      spawnHost,
      {
        kind: 'classify',
        netJson: JSON.stringify(model.net),
        model: model.source,
        preprocessing: model.preprocessing,
        crops,
        top,
        devices: ['cpu'],
        precision: 'fp32',
        threads,
        batch,
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

  /** Resolves when there is room for the next photo. Rejects where the engine has ended. */
  async add(photo: Photo): Promise<void> {
    this.#list.push(photo);
    // The first photo goes alone: its answer is there as soon as the model is.
    if (this.#list.length >= (this.#nextId === 0 ? 1 : this.#listSize)) this.#send();
    while (this.#lists.size > listsAhead) await this.#answerOrEnd();
  }

  /** Resolves when everything that was added is answered; more may follow. */
  async settle(): Promise<void> {
    this.#send();
    while (this.#lists.size > 0) await this.#answerOrEnd();
  }

  async finish(): Promise<void> {
    await this.settle();
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
    if (paths.length > 0) this.#host.classify(id, paths);
    else void this.#answered(id, []).catch((error: unknown) => this.#host.kill(asError(error)));
  }

  async #answered(id: number, answers: ClassifiedPhoto[]): Promise<void> {
    const list = this.#lists.get(id);
    if (list === undefined)
      throw new AppError('INTERNAL', `the engine answered list ${id}, which was not sent`);
    // Photos that were not sent keep their place.
    let next = 0;
    list.answers = list.photos.map((photo) => (photo.problem === undefined ? (answers[next++] ?? {}) : {}));
    this.#telling ??= this.#tellAnswered().finally(() => {
      this.#telling = undefined;
    });
    await this.#telling;
  }

  async #tellAnswered(): Promise<void> {
    for (let told = this.#lists.get(this.#nextTold); told?.answers; told = this.#lists.get(this.#nextTold)) {
      await this.#tell(told.photos, told.answers);
      this.#lists.delete(this.#nextTold++);
      this.#wake();
    }
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

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** The answer for a photo, or what is wrong with it. */
export function toClassifiedFile(
  photo: FoundPhoto,
  answer: ClassifiedPhoto | undefined,
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
