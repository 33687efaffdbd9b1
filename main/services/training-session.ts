// One run while it trains: what the engine host tells is stored, then told on; how it ends is kept as the run's
// state.
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, toErrorReport } from '../api/errors.ts';
import { finiteOrNull } from '../api/numbers.ts';
import type { Run, RunProgress, RunState } from '../api/runs.ts';
import type { CheckpointSaved, Command, RunEnd, TrainingRecord } from '../api/training.ts';
import type { WritableDatabase } from '../data/database.ts';
import { forgetRepeatedEvents, insertEvent } from '../data/events.ts';
import { storeTraining } from '../data/metrics.ts';
import { ownerOf } from '../data/owner.ts';
import { claimRun, endRun, getRun, planRun, setRunPaused } from '../data/runs.ts';
import { EngineHost, type SpawnHost } from '../engine/client.ts';
import type { FromHost, TrainJob } from '../engine/protocol.ts';

export interface SessionParts {
  db: WritableDatabase;
  spawnHost: SpawnHost;
  /** Ms UTC. */
  now: () => number;
}

/** Little-endian fp32 in canonical layout, after so many steps. */
export interface LookedTensor {
  step: number;
  values: Uint8Array;
}

interface Look {
  answer: Promise<LookedTensor>;
  resolve: (looked: LookedTensor) => void;
}

function newLook(): Look {
  const { promise, resolve } = Promise.withResolvers<LookedTensor>();
  return { answer: promise, resolve };
}

type Planned = Extract<FromHost, { type: 'planned' }>;

/** After these the run can be resumed as if nothing had happened; nothing is wrong with the run itself. */
const interrupting: ReadonlySet<string> = new Set([
  'ENGINE_DIED',
  'DISK_FULL',
  'IO',
  'OUT_OF_MEMORY',
  'DEVICE_LOST',
  'CANCELLED',
  'BUSY',
]);

/** What keeps a database from taking anything only for a time. */
const passing: ReadonlySet<string> = new Set(['DISK_FULL', 'BUSY', 'IO']);
const storeAgainMs = 5000;

export class TrainingSession {
  /** The run as it ended. Rejects with DIVERGED or what broke it off, the run's state being set before. */
  readonly ended: Promise<Run>;
  readonly #parts: SessionParts;
  readonly #id: string;
  readonly #onEvent: (event: RunProgress) => void;
  readonly #host: EngineHost;
  readonly #looks = new Map<string, Look>();
  #end: RunEnd | undefined;

  /** Claims the run and starts its host. Throws BUSY, RUN_NOT_RESUMABLE, NOT_FOUND. */
  constructor(parts: SessionParts, id: string, job: TrainJob, onEvent: (event: RunProgress) => void) {
    this.#parts = parts;
    this.#id = id;
    this.#onEvent = onEvent;
    claimRun(parts.db, id, ownerOf(), parts.now());
    this.#host = new EngineHost(parts.spawnHost, job, {
      planned: (message) => this.#planned(message, job.resume),
      kept: async ({ checkpointId, events }) => {
        // What earlier lives told and could not store any more; nothing of it is news.
        await parts.db.whenFree(() => storeTraining(parts.db, id, events, parts.now()));
        this.#host.stored(checkpointId);
      },
      training: ({ events }) => this.#training(events),
      checkpoint: ({ checkpoint }) => this.#checkpoint(checkpoint),
      looked: ({ step, tensor, values }) => {
        this.#looks.get(tensor)?.resolve({ step, values });
        this.#looks.delete(tensor);
      },
      trained: ({ end }) => {
        this.#end = end;
      },
    });
    this.ended = this.#finish();
  }

  command(command: Command): void {
    this.#host.command(command);
  }

  /**
   * A tensor's fp32 values as they are at the next step boundary, shared by all who ask meanwhile. Undefined where
   * none came within `patienceMs`: the engine starts, validates or has ended.
   */
  async look(tensor: string, patienceMs: number): Promise<LookedTensor | undefined> {
    const look = this.#looks.get(tensor) ?? newLook();
    this.#looks.set(tensor, look);
    this.#host.look(tensor);
    const enough = new AbortController();
    try {
      const late = sleep(patienceMs, undefined, { signal: enough.signal }).catch(() => undefined);
      return await Promise.race([look.answer, late]);
    } finally {
      enough.abort();
    }
  }

  kill(): void {
    this.#host.kill();
  }

  async #planned(message: Planned, resumed: boolean): Promise<void> {
    const { db, now } = this.#parts;
    const { stepsPerEpoch, totalSteps, parameters, fromStep } = message;
    await db.whenFree(() => {
      planRun(db, this.#id, { stepsPerEpoch, totalSteps, parameters });
      if (resumed) forgetRepeatedEvents(db, this.#id, fromStep);
      const kind = resumed ? 'resumed' : 'started';
      insertEvent(db, this.#id, { step: fromStep, kind, payload: { pid: process.pid }, at: now() });
    });
    const { name, datasetName, preset } = this.#run();
    this.#onEvent({
      event: 'run',
      id: this.#id,
      name,
      dataset: datasetName,
      preset,
      parameters,
      stepsPerEpoch,
      totalSteps,
      fromStep,
    });
  }

  async #training(events: readonly TrainingRecord[]): Promise<void> {
    const { db, now } = this.#parts;
    await db.whenFree(() => {
      storeTraining(db, this.#id, events, now());
      for (const record of events) {
        if (record.kind !== 'command') continue;
        if (record.command === 'pause' || record.command === 'resume') {
          setRunPaused(db, this.#id, record.command === 'pause');
        }
      }
    });
    for (const record of events) this.#onEvent(toProgress(record));
  }

  async #checkpoint(checkpoint: CheckpointSaved): Promise<void> {
    const { db, now } = this.#parts;
    const { checkpointId: id, ...facts } = checkpoint;
    const event = { step: facts.step, kind: 'checkpoint', payload: { id, ...facts }, at: now() } as const;
    await db.whenFree(() => insertEvent(db, this.#id, event));
    // The records up to it came before it: they are stored, too.
    this.#host.stored(id);
    this.#onEvent({ event: 'checkpoint', id, ...facts });
  }

  async #finish(): Promise<Run> {
    try {
      await this.#host.ended;
      if (this.#end === undefined) throw new AppError('ENGINE_DIED', 'the engine ended without a result');
    } catch (error) {
      const { code, message } = toErrorReport(error);
      await this.#storeInTheEnd(interrupting.has(code) ? 'interrupted' : 'failed', message);
      throw error;
    }
    if (this.#end !== 'diverged') return await this.#store(this.#end, '');
    const reason =
      `the loss was not finite after step ${this.#run().step}; the last checkpoint before it is kept. Try a lower ` +
      'learning rate, a tenth of it, say';
    await this.#store('diverged', reason);
    throw new AppError('DIVERGED', reason, { run: this.#id });
  }

  /** What ended it may keep its end from being stored, too: a full disk does. Then it is tried until it can be. */
  async #storeInTheEnd(state: 'interrupted' | 'failed', reason: string): Promise<void> {
    try {
      await this.#store(state, reason);
    } catch (error) {
      // Without a database, as after the end of the application, the next start finds what is left.
      if (!passing.has(toErrorReport(error).code)) return;
      setTimeout(() => void this.#storeInTheEnd(state, reason), storeAgainMs).unref();
    }
  }

  async #store(state: Exclude<RunState, 'queued' | 'running' | 'paused'>, reason: string): Promise<Run> {
    const { db, now } = this.#parts;
    await db.whenFree(() => {
      endRun(db, this.#id, { state, reason, endedAt: now() });
      const payload = { state, ...(reason === '' ? {} : { reason }) };
      insertEvent(db, this.#id, { step: this.#run().step, kind: 'ended', payload, at: now() });
    });
    const run = this.#run();
    this.#onEvent({ event: 'done', state, reason, step: run.step, bestTop1Error: run.bestTop1Error });
    return run;
  }

  #run(): Run {
    const run = getRun(this.#parts.db, this.#id);
    if (run === undefined) throw new AppError('NOT_FOUND', `run ${this.#id} does not exist any more`);
    return run;
  }
}

function toProgress(record: TrainingRecord): RunProgress {
  if (record.kind === 'command') {
    const { kind: _kind, ...command } = record;
    return { event: 'command', ...command };
  }
  if (record.kind === 'notice') return { event: 'notice', step: record.step, message: record.message };
  const loss = finiteOrNull(record.loss);
  if (record.kind === 'validation') {
    const { kind: _kind, ...validation } = record;
    return { event: 'validation', ...validation, loss, trainLoss: finiteOrNull(record.trainLoss) };
  }
  const { kind: _kind, images, ...step } = record;
  return {
    event: 'step',
    ...step,
    loss,
    imagesPerSecond: step.elapsedMs > 0 ? (images * 1000) / step.elapsedMs : 0,
  };
}
