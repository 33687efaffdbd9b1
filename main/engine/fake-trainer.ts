// A trainer without a net, for tests: every step is a pure function of the seed, the step and the steering, so
// that a resumed run can be compared with an uninterrupted one bit for bit.
import { AppError, type ErrorCode } from '../api/errors.ts';
import type { CheckpointReason } from '../api/training.ts';
import type {
  AppliedCommand,
  CheckpointEvent,
  Command,
  NativeSnapshot,
  NativeTrainer,
  RunEnd,
  TensorInfo,
  TrainEvent,
  TrainerOptions,
} from './addon.ts';

export interface FakeTraining {
  stepMs: number;
  /** Images of the training pack. */
  images: number;
  /** The loss of this step is not finite. */
  divergeAtStep?: number;
  /** Training fails at this step with this error. */
  failAtStep?: { step: number; code: ErrorCode; message: string };
  /** The process dies at this step of this signal, as a fault in the engine would end it. */
  crashAtStep?: { step: number; signal: 'SIGSEGV' | 'SIGABRT' | 'SIGKILL' };
}

interface FakeConfig {
  steps?: number;
  epochs?: number;
  seed?: number;
  optimiser: { batchSize: number; learningRate: number };
  checkpoints?: { everySteps?: number };
}

const shapes: TensorInfo[] = [
  { name: 'conv1.weight', shape: [4, 3, 5, 5] },
  { name: 'conv1.bias', shape: [4] },
  { name: 'fc2.weight', shape: [3, 100] },
  { name: 'fc2.bias', shape: [3] },
];
export const fakeParameters: readonly TensorInfo[] = shapes;
export const fakeTensors: readonly TensorInfo[] = [
  ...shapes,
  ...shapes.map(({ name, shape }) => ({ name: `${name}.velocity`, shape })),
];
const layers = new Set(['conv1', 'fc2']);

const deliveryMs = 100;

/** A number in [-0.5, 0.5) that depends on its arguments alone. */
function noise(seed: number, step: number, element: number): number {
  let x = (seed * 0x9e3779b1 + step * 0x85ebca6b + element * 0xc2b2ae35) | 0;
  x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d);
  x = Math.imul(x ^ (x >>> 12), 0x297a2d39);
  return ((x ^ (x >>> 15)) >>> 0) / 2 ** 32 - 0.5;
}

export function refuse(message: string): AppError {
  return new AppError('INVALID_ARGUMENT', message);
}

export function tensorSize({ shape }: TensorInfo): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Named fp32 arrays that are read and loaded in pieces, as the engine's are. */
export class FakeTensors {
  readonly values: Map<string, Float32Array>;

  constructor(tensors: readonly TensorInfo[], copyOf?: FakeTensors) {
    this.values = new Map(
      tensors.map((tensor) => [
        tensor.name,
        Float32Array.from(copyOf?.values.get(tensor.name) ?? new Float32Array(tensorSize(tensor))),
      ]),
    );
  }

  of(name: string): Float32Array {
    const values = this.values.get(name);
    if (values === undefined) throw new AppError('NOT_FOUND', `There is no tensor ${name}.`);
    return values;
  }

  load(name: string, offset: number, bytes: Uint8Array): void {
    this.of(name).set(new Float32Array(Uint8Array.from(bytes).buffer), offset);
  }

  read(name: string, offset: number, count: number): Uint8Array {
    return new Uint8Array(this.of(name).slice(offset, offset + count).buffer);
  }
}

export class FakeTrainer implements NativeTrainer {
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
  readonly tensors: TensorInfo[] = [...fakeTensors];
  readonly #config: FakeConfig;
  readonly #training: FakeTraining;
  readonly #values = new FakeTensors(fakeTensors);
  readonly #seed: number;
  #phase: 'ready' | 'busy' | 'ended' | 'closed' = 'ready';
  #step = 0;
  #rate: number;
  #sequence = 0;
  #replay: Omit<AppliedCommand, 'kind'>[] = [];
  #commands: Command[] = [];
  #looks = new Set<string>();
  #snapshotAlive = false;
  #events: TrainEvent[] = [];
  #wake = () => {};
  #ended: Promise<unknown> = Promise.resolve();

  constructor({ configJson }: TrainerOptions, training: FakeTraining) {
    this.#config = JSON.parse(configJson) as FakeConfig;
    this.#training = training;
    this.#seed = this.#config.seed ?? 1;
    this.#rate = this.#config.optimiser.learningRate;
    this.stepsPerEpoch = Math.ceil(training.images / this.#config.optimiser.batchSize);
    this.totalSteps = this.#config.steps ?? (this.#config.epochs ?? 1) * this.stepsPerEpoch;
    for (const { name } of shapes) {
      this.#values.of(name).forEach((_, i, array) => {
        array[i] = noise(this.#seed, 0, i);
      });
    }
  }

  load(tensor: string, offset: number, bytes: Uint8Array): void {
    this.#require('ready');
    this.#values.load(tensor, offset, bytes);
  }

  loadState(state: string): void {
    this.#require('ready');
    const saved = JSON.parse(state) as { step: number; rate: number; sequence: number };
    this.#step = saved.step;
    this.#rate = saved.rate;
    this.#sequence = saved.sequence;
  }

  replay(commands: Omit<AppliedCommand, 'kind'>[]): void {
    this.#require('ready');
    this.#replay = commands.filter(({ sequence }) => sequence > this.#sequence);
  }

  start(onEvents: (events: TrainEvent[]) => void): Promise<RunEnd> {
    this.#require('ready');
    this.#phase = 'busy';
    const run = this.#train(onEvents).finally(() => {
      if (this.#phase === 'busy') this.#phase = 'ended';
    });
    this.#ended = run.catch(() => {});
    return run;
  }

  post(command: Command): void {
    if (this.#phase === 'closed' || this.#phase === 'ended') throw refuse('This trainer has ended.');
    if (command.layer !== undefined && !layers.has(command.layer)) {
      throw refuse(`There is no layer ${command.layer}.`);
    }
    this.#commands.push(command);
    this.#wake();
  }

  look(tensor: string): void {
    if (this.#phase === 'closed' || this.#phase === 'ended') throw refuse('This trainer has ended.');
    this.#values.of(tensor);
    this.#looks.add(tensor);
    this.#wake();
  }

  read(tensor: string, offset: number, count: number): Uint8Array {
    if (this.#phase === 'busy' || this.#phase === 'closed') throw refuse(`The trainer is ${this.#phase}.`);
    return this.#values.read(tensor, offset, count);
  }

  async close(): Promise<void> {
    this.#phase = 'closed';
    this.#wake();
    await this.#ended;
  }

  #require(phase: 'ready'): void {
    if (this.#phase !== phase) throw refuse(`The trainer is ${this.#phase}.`);
  }

  #closed(): boolean {
    return this.#phase === 'closed';
  }

  async #train(onEvents: (events: TrainEvent[]) => void): Promise<RunEnd> {
    let delivered = performance.now();
    const deliver = () => {
      const events = this.#events;
      this.#events = [];
      delivered = performance.now();
      if (events.length > 0) onEvents(events);
    };
    const pump = setInterval(deliver, deliveryMs);
    try {
      return await this.#steps(() => {
        if (performance.now() - delivered >= deliveryMs) deliver();
      });
    } finally {
      clearInterval(pump);
      deliver();
    }
  }

  async #steps(between: () => void): Promise<RunEnd> {
    const { stepMs, divergeAtStep, failAtStep, crashAtStep } = this.#training;
    while (this.#step < this.totalSteps) {
      if (await this.#boundary()) {
        if (!this.#closed()) await this.#checkpoint('stop');
        return 'stopped';
      }
      await new Promise((resolve) => setTimeout(resolve, stepMs));
      if (this.#closed()) return 'stopped';
      const step = this.#step + 1;
      if (step === crashAtStep?.step) process.kill(process.pid, crashAtStep.signal);
      if (step === failAtStep?.step) throw new AppError(failAtStep.code, failAtStep.message);
      this.#tellStep(step, step === divergeAtStep ? Number.NaN : 1 / step);
      if (step === divergeAtStep) return 'diverged';
      this.#update(step);
      this.#step = step;
      const every = this.#config.checkpoints?.everySteps ?? 0;
      const last = step === this.totalSteps;
      if (last || step % this.stepsPerEpoch === 0) await this.#checkpoint(last ? 'end' : 'epoch');
      else if (every > 0 && step % every === 0) await this.#checkpoint('interval');
      between();
    }
    return 'finished';
  }

  #tellStep(step: number, loss: number): void {
    this.#events.push({
      kind: 'step',
      step,
      epoch: Math.ceil(step / this.stepsPerEpoch),
      images: this.#config.optimiser.batchSize,
      loss,
      top1Error: 1 / step,
      top5Error: 0,
      learningRate: this.#rate,
      elapsedMs: this.#training.stepMs,
      dataWaitMs: 0,
      exchangeMs: 0,
    });
  }

  #update(step: number): void {
    for (const { name } of shapes) {
      const weights = this.#values.of(name);
      const velocity = this.#values.of(`${name}.velocity`);
      weights.forEach((weight, i) => {
        velocity[i] = 0.9 * (velocity[i] ?? 0) - this.#rate * noise(this.#seed, step, i);
        weights[i] = weight + (velocity[i] ?? 0);
      });
    }
  }

  /** Applies what was wished. Returns whether training is to stop. */
  async #boundary(): Promise<boolean> {
    while ((this.#replay[0]?.step ?? Number.POSITIVE_INFINITY) <= this.#step) {
      const command = this.#replay.shift();
      if (command !== undefined) this.#apply(command);
    }
    let paused = false;
    while (!this.#closed()) {
      for (const tensor of this.#looks) {
        const values = new Uint8Array(this.#values.of(tensor).slice().buffer);
        this.#events.push({ kind: 'look', step: this.#step, tensor, values });
      }
      this.#looks.clear();
      const command = this.#commands.shift();
      if (command === undefined) {
        if (!paused) return false;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      this.#apply(command);
      const step = this.#step;
      this.#events.push({ kind: 'command', step, steered: true, sequence: this.#sequence, ...command });
      if (command.command === 'pause') paused = true;
      if (command.command === 'resume') paused = false;
      if (command.command === 'checkpoint') await this.#checkpoint('steering');
      if (command.command === 'stop') return true;
    }
    return true;
  }

  #apply({ command, value }: Command): void {
    this.#sequence += 1;
    if (command === 'setRate') this.#rate = value ?? this.#rate;
    if (command === 'scaleRate') this.#rate *= value ?? 1;
  }

  async #checkpoint(reason: CheckpointReason): Promise<void> {
    while (this.#snapshotAlive && !this.#closed()) await new Promise((resolve) => setTimeout(resolve, 1));
    if (this.#closed()) return;
    this.#snapshotAlive = true;
    const values = new FakeTensors(fakeTensors, this.#values);
    let released = false;
    const live = (): FakeTensors => {
      if (released || this.#closed()) throw refuse('This snapshot is released.');
      return values;
    };
    const snapshot: NativeSnapshot = {
      state: JSON.stringify({ step: this.#step, rate: this.#rate, sequence: this.#sequence }),
      tensors: [...fakeTensors],
      read: (tensor, offset, count) => live().read(tensor, offset, count),
      release: () => {
        if (!released) this.#snapshotAlive = false;
        released = true;
      },
    };
    const step = this.#step;
    const epoch = Math.ceil(step / this.stepsPerEpoch);
    const event: CheckpointEvent = {
      kind: 'checkpoint',
      step,
      epoch,
      best: reason === 'epoch',
      reason,
      snapshot,
    };
    this.#events.push(event);
  }
}
