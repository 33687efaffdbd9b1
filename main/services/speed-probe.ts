// How fast a net trains here, before there is a run that says so: a few steps of the real thing, in an engine host of
// its own, of which nothing is kept.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../api/errors.ts';
import type { RunConfig } from '../api/run-config.ts';
import type { StepRecord } from '../api/training.ts';
import { EngineHost, type SpawnHost } from '../engine/client.ts';

export interface SpeedProbeParts {
  spawnHost: SpawnHost;
  /** What trains now, or ''; it would be slowed down, and what is measured would be wrong. */
  training: () => string;
}

export interface MeasuredSpeed {
  imagesPerSecond: number;
  steps: number;
  elapsedMs: number;
}

/** The first step also warms up: caches, threads, the choice of kernels. */
const warmingSteps = 1;
const fewestSteps = 3;
const longEnoughMs = 2000;
const mostSteps = 50;
/** A step of the largest batch on a slow processor takes tens of seconds. */
const giveUpMs = 180_000;

/** What these steps say, undefined where that is not enough yet. `over`: there will be no more of them. */
export function speedOf(
  steps: readonly Pick<StepRecord, 'images' | 'elapsedMs'>[],
  over: boolean,
): MeasuredSpeed | undefined {
  const counted = steps.slice(warmingSteps);
  const elapsedMs = counted.reduce((sum, step) => sum + step.elapsedMs, 0);
  const long = over || elapsedMs >= longEnoughMs || counted.length >= mostSteps;
  if (!long || counted.length < fewestSteps || elapsedMs <= 0) return undefined;
  const images = counted.reduce((sum, step) => sum + step.images, 0);
  return { imagesPerSecond: (images * 1000) / elapsedMs, steps: counted.length, elapsedMs };
}

function tooSmall(): AppError {
  return new AppError(
    'INVALID_ARGUMENT',
    `an epoch of this data set has too few steps to be measured; train it: it takes a moment only`,
  );
}

export class SpeedProbe {
  readonly #parts: SpeedProbeParts;
  #busy = false;

  constructor(parts: SpeedProbeParts) {
    this.#parts = parts;
  }

  /** Rejects with BUSY, CANCELLED, and whatever ends the engine: OUT_OF_MEMORY, ENGINE_DIED, ... */
  async measure(config: RunConfig, trainPack: string, signal: AbortSignal): Promise<MeasuredSpeed> {
    const running = this.#parts.training();
    if (running !== '')
      throw new AppError('BUSY', `${running} is under way; both would be slow, and the measurement wrong`);
    if (this.#busy) throw new AppError('BUSY', 'a measurement is under way already');
    this.#busy = true;
    const folder = await mkdtemp(join(tmpdir(), 'alexnet-studio-speed-'));
    try {
      return await this.#run(config, trainPack, join(folder, 'none.sqlite'), signal);
    } finally {
      this.#busy = false;
      await rm(folder, { recursive: true, force: true });
    }
  }

  async #run(
    config: RunConfig,
    trainPack: string,
    checkpointFile: string,
    signal: AbortSignal,
  ): Promise<MeasuredSpeed> {
    const { epochs: _epochs, ...rest } = config;
    const steps: StepRecord[] = [];
    let found: MeasuredSpeed | undefined;
    const job = {
      kind: 'train' as const,
      // It is ended before there is any checkpoint.
      configJson: JSON.stringify({
        ...rest,
        steps: 1_000_000,
        checkpoints: { ...config.checkpoints, everySteps: 0, everyMinutes: 0 },
      }),
      trainPack,
      validationPack: '',
      checkpointFile,
      keepLast: 1,
      resume: false,
      replay: [],
    };
    let lastStep = Number.POSITIVE_INFINITY;
    const host = new EngineHost(this.#parts.spawnHost, job, {
      planned: ({ stepsPerEpoch }) => {
        // The end of an epoch writes a checkpoint, which nobody wants.
        lastStep = stepsPerEpoch - 1;
        if (lastStep < warmingSteps + fewestSteps) host.kill(tooSmall());
      },
      training: ({ events }) => {
        steps.push(...events.filter((event) => event.kind === 'step'));
        const over = steps.length >= lastStep;
        found ??= speedOf(steps, over);
        if (found !== undefined || over) host.kill(tooSmall());
      },
    });
    const stop = () => host.kill();
    const late = setTimeout(
      () => host.kill(new AppError('INTERNAL', 'the steps take too long to be measured')),
      giveUpMs,
    );
    signal.addEventListener('abort', stop);
    try {
      await host.ended;
    } catch (error) {
      if (found === undefined) throw error;
    } finally {
      clearTimeout(late);
      signal.removeEventListener('abort', stop);
    }
    if (found === undefined) throw new AppError('CANCELLED', 'it was stopped before anything was measured');
    return found;
  }
}
