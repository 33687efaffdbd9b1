// Trains one run: resumes from its checkpoint file, passes on what the trainer tells, and writes checkpoints
// while training goes on.
//
// Order: every record up to a checkpoint's step is sent before that checkpoint is told, and a checkpoint is
// told only when it is complete on disk. The records since the checkpoint before are kept with it, longer than
// the checkpoint itself if need be, until the parent says that it has stored them: a parent that died before it
// could gets them again on resume.
import { AppError, toErrorReport } from '../api/errors.ts';
import type { TrainingRecord } from '../api/training.ts';
import type { CheckpointEvent, Command, NativeTrainer, TrainEvent } from './addon.ts';
import { type JobContext, type JobMessage, type RunningJob, unexpected } from './job.ts';
import { loadTensors, valueCount } from './load-tensors.ts';
import { preprocessingOptions } from './model-source.ts';
import { Outbox } from './outbox.ts';
import type { TrainJob } from './protocol.ts';
import type { CheckpointStore, NewCheckpoint } from './storage.ts';

export class TrainRun implements RunningJob {
  readonly #job: TrainJob;
  readonly #context: JobContext;
  #trainer: NativeTrainer | undefined;
  /** Commands that came before there was a trainer. */
  #early: Command[] = [];
  /** Why training was broken off; the first reason counts. */
  #failure: { error: unknown } | undefined;
  #closing: Promise<void> | undefined;
  #step = 0;
  /** Told since the last checkpoint. */
  #recent: TrainingRecord[] = [];
  /** The checkpoint up to which the parent has stored all records; 0: none. */
  #storedUpTo = 0;
  readonly #outbox: Outbox;
  #writing: Promise<void> = Promise.resolve();

  constructor(job: TrainJob, context: JobContext) {
    this.#job = job;
    this.#context = context;
    this.#outbox = new Outbox((message) => context.send(message));
  }

  handle(message: JobMessage): void {
    if (message.type === 'command') {
      if (this.#trainer === undefined) this.#early.push(message.command);
      else this.#post(this.#trainer, message.command);
    } else if (message.type === 'look') {
      this.#look(message.tensor);
    } else if (message.type === 'stored') {
      this.#storedUpTo = message.checkpointId;
    } else if (message.type === 'cancel') {
      this.#breakOff(new AppError('CANCELLED', 'Training was cancelled; the checkpoints so far are kept.'));
    } else {
      throw unexpected('train', message);
    }
  }

  async run(): Promise<void> {
    const { addon, storage } = this.#context;
    const outbox = this.#outbox;
    const { configJson, trainPack, validationPack, checkpointFile, keepLast, preprocessing } = this.#job;
    const store = storage.openCheckpoints(checkpointFile, keepLast);
    try {
      const input = preprocessing === undefined ? {} : { preprocessing: preprocessingOptions(preprocessing) };
      const trainer = await addon.createTrainer({ configJson, trainPack, validationPack, ...input });
      try {
        const kept = await this.#prepare(trainer, store);
        this.#throwFailure();
        const { stepsPerEpoch, totalSteps } = trainer;
        outbox.add({
          type: 'planned',
          stepsPerEpoch,
          totalSteps,
          fromStep: this.#step,
          parameters: countParameters(trainer),
        });
        if (kept !== undefined) outbox.add({ type: 'kept', ...kept });
        outbox.flush();
        this.#trainer = trainer;
        for (const command of this.#early.splice(0)) this.#post(trainer, command);

        const end = await trainer.start((events) => this.#hear(events, store));
        await this.#writing;
        this.#throwFailure();
        outbox.add({ type: 'trained', end, step: this.#step });
      } finally {
        await this.#writing; // a failure of training takes no checkpoint away
        await this.#close(trainer);
      }
    } finally {
      outbox.flush();
      store.close();
    }
  }

  /** Puts the trainer where it shall start. Returns the checkpoint it resumes and the records that the parent
   * may lack. */
  async #prepare(
    trainer: NativeTrainer,
    store: CheckpointStore,
  ): Promise<{ checkpointId: number; events: TrainingRecord[] } | undefined> {
    const { resume, replay, init } = this.#job;
    const checkpoint = resume ? store.newest() : undefined;
    if (checkpoint !== undefined) {
      await loadTensors(trainer, checkpoint.tensors);
      trainer.loadState(checkpoint.state);
      this.#step = checkpoint.step;
      trainer.replay(replay);
      return { checkpointId: checkpoint.id, events: store.records() };
    }
    if (init !== undefined) {
      const model = this.#context.storage.openModel(init.model);
      const wanted = new Set(init.layers.flatMap((layer) => [`${layer}.weight`, `${layer}.bias`]));
      try {
        // A run that starts from another's weights starts at rest: no velocities.
        await loadTensors(trainer, model, (name) => wanted.has(name));
      } finally {
        model.close();
      }
    }
    trainer.replay(replay);
    return undefined;
  }

  #hear(events: TrainEvent[], store: CheckpointStore): void {
    let records: TrainingRecord[] = [];
    for (const event of events) {
      if (event.kind === 'checkpoint') {
        this.#outbox.addRecords(records);
        records = [];
        this.#write(event, store);
        continue;
      }
      if (event.kind === 'look') {
        const { step, tensor, values } = event;
        this.#outbox.add({ type: 'looked', step, tensor, values });
        continue;
      }
      if (event.kind === 'step') this.#step = event.step;
      records.push(event);
      this.#recent.push(event);
    }
    this.#outbox.addRecords(records);
  }

  /** Checkpoints are written one after the other; the trainer waits with the next one for this one's snapshot. */
  #write(event: CheckpointEvent, store: CheckpointStore): void {
    const records = this.#recent;
    this.#recent = [];
    this.#writing = this.#writing.then(async () => {
      try {
        if (this.#failure === undefined) await this.#save(event, records, store);
      } catch (error) {
        this.#breakOff(error);
      } finally {
        event.snapshot.release();
      }
    });
  }

  async #save(event: CheckpointEvent, records: TrainingRecord[], store: CheckpointStore): Promise<void> {
    const { snapshot, step, epoch, best, reason, validation } = event;
    const description: NewCheckpoint = { step, epoch, best, reason, state: snapshot.state, records };
    if (validation !== undefined) description.validation = validation;
    const checkpoint = await store.write(description, snapshot, this.#storedUpTo);
    this.#outbox.add({ type: 'checkpoint', checkpoint });
  }

  #post(trainer: NativeTrainer, command: Command): void {
    try {
      trainer.post(command);
    } catch (error) {
      this.#outbox.add({ type: 'commandRefused', command, error: toErrorReport(error) });
    }
  }

  /** Nobody is answered before there is a trainer and after it has ended: whoever looks asks again. */
  #look(tensor: string): void {
    try {
      this.#trainer?.look(tensor);
    } catch {
      // It has just ended, or has no such tensor.
    }
  }

  /** Ends training without another checkpoint. */
  #breakOff(error: unknown): void {
    this.#failure ??= { error };
    if (this.#trainer !== undefined) void this.#close(this.#trainer);
  }

  #close(trainer: NativeTrainer): Promise<void> {
    this.#closing ??= trainer.close();
    return this.#closing;
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

function isVelocity(name: string): boolean {
  return name.endsWith('.velocity');
}

function countParameters(trainer: NativeTrainer): number {
  return trainer.tensors
    .filter(({ name }) => !isVelocity(name))
    .reduce((sum, tensor) => sum + valueCount(tensor), 0);
}
