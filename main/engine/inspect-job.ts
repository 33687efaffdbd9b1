// Keeps a model open and answers what is asked about its inside. Two predictors: one keeps all that a pass makes (for
// maps and gradients, a photo at a time), one is as fast as can be (for occlusion, features and statistics). Their
// questions wait only for others of the same one. Opening a full net takes ten times as long as a first occlusion map:
// the second is opened as soon as the first has answered, before it is asked for.
import { AppError, toErrorReport } from '../api/errors.ts';
import type { Addon, CancelFlag, NativeFeatureIndex, NativePredictor, PhotoSource } from './addon.ts';
import { brokenAnswer, rank } from './classify-job.ts';
import { gradCam } from './grad-cam.ts';
import type { InspectAnswer, InspectQuestion } from './inspect-questions.ts';
import { type JobContext, type JobMessage, type RunningJob, unexpected } from './job.ts';
import { openPredictor } from './model-source.ts';
import { OcclusionMemory } from './occlusion-memory.ts';
import type { InspectJob } from './protocol.ts';

/** The 49 places of a first occlusion map and the whole photo are two passes. */
const imagesAtOnce = 25;
const indexesOpen = 2;

/** bf16 where the device computes natively in it: rounding that shows in no picture, at nearly twice the speed. */
export function fastPrecision(addon: Addon, devices: readonly string[]): 'bf16' | 'fp32' {
  const reports = addon.listDevices();
  const all = devices.every((id) =>
    reports.some((device) => device.id === id && device.precisions.includes('bf16')),
  );
  return all ? 'bf16' : 'fp32';
}

type QuestionOf<Kind extends InspectQuestion['kind']> = Extract<InspectQuestion, { kind: Kind }>;

export class InspectRun implements RunningJob {
  readonly #job: InspectJob;
  readonly #context: JobContext;
  #views: Promise<NativePredictor> | undefined;
  #fast: Promise<NativePredictor> | undefined;
  /** The ends of what waits for each predictor. */
  #viewsFree: Promise<unknown> = Promise.resolve();
  #fastFree: Promise<unknown> = Promise.resolve();
  /** Questions that wait or are being answered. */
  readonly #open = new Map<number, CancelFlag>();
  readonly #forgotten = new Set<number>();
  /** The photo that the first predictor has taken in. */
  #looked: { photo: string; probabilities: Float32Array } | undefined;
  readonly #occlusions = new OcclusionMemory();
  readonly #indexes = new Map<string, NativeFeatureIndex>();
  #end: { resolve: () => void; reject: (error: unknown) => void } | undefined;

  constructor(job: InspectJob, context: JobContext) {
    this.#job = job;
    this.#context = context;
  }

  async run(): Promise<void> {
    try {
      this.#context.send({ type: 'loaded', classes: (await this.#openViews()).classes });
      await new Promise<void>((resolve, reject) => {
        this.#end = { resolve, reject };
      });
    } finally {
      for (const predictor of [this.#views, this.#fast])
        await (await predictor?.catch(() => undefined))?.close();
      for (const index of this.#indexes.values()) index.close();
    }
  }

  handle(message: JobMessage): void {
    if (message.type === 'inspect') {
      void this.#answer(message.id, message.question);
    } else if (message.type === 'forget') {
      if (!this.#open.has(message.id)) return;
      this.#forgotten.add(message.id);
      this.#open.get(message.id)?.cancel();
    } else if (message.type === 'finish') {
      this.#end?.resolve();
    } else if (message.type === 'cancel') {
      this.#end?.reject(new AppError('CANCELLED', 'The inspection was cancelled.'));
    } else {
      throw unexpected('inspect', message);
    }
  }

  async #answer(id: number, question: InspectQuestion): Promise<void> {
    const flag = this.#context.addon.createCancelFlag();
    this.#open.set(id, flag);
    const work = async () => {
      if (this.#forgotten.has(id)) throw new AppError('CANCELLED', 'It is not wanted any more.');
      return await this.#find(question, flag);
    };
    const views = question.kind === 'look' || question.kind === 'maps' || question.kind === 'gradCam';
    const found = (views ? this.#viewsFree : this.#fastFree).then(work);
    const settled = found.catch(() => {});
    if (views) this.#viewsFree = settled;
    else this.#fastFree = settled;
    try {
      this.#context.send({ type: 'inspected', id, answer: await found });
    } catch (error) {
      this.#context.send({ type: 'inspectFailed', id, error: toErrorReport(error) });
    } finally {
      this.#open.delete(id);
      this.#forgotten.delete(id);
    }
  }

  #find(question: InspectQuestion, flag: CancelFlag): Promise<InspectAnswer> {
    switch (question.kind) {
      case 'look':
        return this.#look(question);
      case 'maps':
        return this.#maps(question);
      case 'gradCam':
        return this.#gradCam(question);
      case 'occlusion':
        return this.#occlusion(question, flag);
      case 'nearest':
        return this.#nearest(question);
      case 'activity':
        return this.#activity(question, flag);
      default:
        throw new AppError('INVALID_ARGUMENT', `There is no question ${JSON.stringify(question)}.`);
    }
  }

  async #look({ photo, top }: QuestionOf<'look'>): Promise<InspectAnswer> {
    const { probabilities } = await this.#lookAt(photo);
    // Whoever asks it is told what goes wrong.
    if (this.#end !== undefined) this.#openFast().catch(() => {});
    return { kind: 'look', predictions: rank(probabilities, top) };
  }

  async #maps({ photo, place }: QuestionOf<'maps'>): Promise<InspectAnswer> {
    await this.#lookAt(photo);
    return { kind: 'maps', maps: await (await this.#openViews()).maps(place.layer, place.op) };
  }

  async #gradCam({ photo, label, place }: QuestionOf<'gradCam'>): Promise<InspectAnswer> {
    await this.#lookAt(photo);
    const predictor = await this.#openViews();
    const maps = await predictor.maps(place.layer, place.op);
    const gradient = await predictor.classGradient(label, place.layer, place.op);
    return { kind: 'gradCam', heat: gradCam(maps, gradient) };
  }

  async #occlusion(question: QuestionOf<'occlusion'>, flag: CancelFlag): Promise<InspectAnswer> {
    const { photo, label } = question;
    const predictor = await this.#openFast();
    const occlusion = await this.#occlusions.read(JSON.stringify(photo), question, (corners, side) =>
      predictor.occlude(photo, corners, side, () => {}, flag),
    );
    if (label >= predictor.classes) throw new AppError('INVALID_ARGUMENT', `The net has no class ${label}.`);
    return { kind: 'occlusion', occlusion };
  }

  async #nearest({ photo, indexFile, count, leaveOut }: QuestionOf<'nearest'>): Promise<InspectAnswer> {
    const index = this.#index(indexFile);
    const features = await (await this.#openFast()).features(photo);
    const { threads } = this.#job;
    return { kind: 'nearest', neighbours: await index.nearest(features, { count, leaveOut, threads }) };
  }

  async #activity({ pack, images }: QuestionOf<'activity'>, flag: CancelFlag): Promise<InspectAnswer> {
    const predictor = await this.#openFast();
    return { kind: 'activity', layers: await predictor.activity(pack, images, () => {}, flag) };
  }

  async #lookAt(source: PhotoSource): Promise<{ probabilities: Float32Array }> {
    const photo = JSON.stringify(source);
    if (this.#looked?.photo === photo) return this.#looked;
    this.#looked = undefined;
    const probabilities = await (await this.#openViews()).lookAt(source);
    const broken = brokenAnswer(probabilities);
    if (broken !== undefined) throw broken;
    this.#looked = { photo, probabilities };
    return this.#looked;
  }

  #index(file: string): NativeFeatureIndex {
    const index = this.#indexes.get(file) ?? this.#context.addon.openFeatureIndex(file);
    this.#indexes.delete(file);
    this.#indexes.set(file, index);
    for (const [oldest, other] of this.#indexes) {
      if (this.#indexes.size <= indexesOpen) break;
      this.#indexes.delete(oldest);
      other.close();
    }
    return index;
  }

  #openViews(): Promise<NativePredictor> {
    this.#views ??= openPredictor(
      { ...this.#job, devices: ['cpu'], precision: 'fp32', batch: 1, views: true },
      this.#context,
    );
    return this.#views;
  }

  #openFast(): Promise<NativePredictor> {
    if (this.#fast !== undefined) return this.#fast;
    const devices = ['cpu'];
    const precision = fastPrecision(this.#context.addon, devices);
    const opening = openPredictor({ ...this.#job, devices, precision, batch: imagesAtOnce }, this.#context);
    this.#fast = opening;
    // Memory may have been short for a moment: the next question tries again.
    opening.catch(() => {
      if (this.#fast === opening) this.#fast = undefined;
    });
    return opening;
  }
}
