// A run's configuration as it is typed: everything that is wrong with it at once, and what the run will cost.
import type { Dataset } from '../api/datasets.ts';
import { toErrorReport } from '../api/errors.ts';
import type { NetDescription } from '../api/net-description.ts';
import type {
  ConfigCheck,
  ConfigCost,
  ConfigProblem,
  ConfigTime,
  FasterPrecision,
  SchedulePoint,
} from '../api/operations/config.ts';
import { listIssues } from '../api/parse.ts';
import { type RunConfig, runConfigSchema } from '../api/run-config.ts';
import type { Run } from '../api/runs.ts';
import type { ReadableDatabase } from '../data/database.ts';
import { getDataset } from '../data/datasets.ts';
import { readCurve } from '../data/metrics.ts';
import { findRunAlike } from '../data/run-list.ts';
import { getRun, getRunRecipe } from '../data/runs.ts';
import type { Addon } from '../engine/addon.ts';
import type { DeviceService } from './devices.ts';
import { describeNet } from './net-description.ts';
import { sharingCosts } from './sharing-costs.ts';

export interface ConfigCheckerParts {
  db: ReadableDatabase;
  devices: DeviceService;
  addon: () => Addon;
  /** Why a ready data set cannot be read; empty: it can. */
  problemOf?: (dataset: Dataset) => string;
}

/** How many of the newest runs are looked through for a measured speed. */
const runsLookedAt = 100;
/** A speed measured over fewer steps says little. */
const fewestSteps = 5;
const schedulePoints = 200;

export class ConfigChecker {
  readonly #parts: ConfigCheckerParts;
  /** Measured FLOPs a second, by place. */
  readonly #probed = new Map<string, number>();

  constructor(parts: ConfigCheckerParts) {
    this.#parts = parts;
  }

  check(value: unknown, datasetId: string | undefined): ConfigCheck {
    const parsed = runConfigSchema.safeParse(value);
    if (!parsed.success) return { ...nothingKnown, problems: listIssues(parsed.error, value) };
    const config = parsed.data;
    const dataset = datasetId === undefined ? undefined : getDataset(this.#parts.db, datasetId);
    const problems = [...this.#datasetProblems(config, datasetId, dataset), ...this.#engineProblems(config)];
    const net = this.#describe(config);
    const plan = dataset === undefined ? null : planOf(config, dataset);
    const costs = net === undefined ? [] : this.#costs(config, net);
    const missing = costs.filter(({ usable }) => !usable).map(({ device, reason }) => `${device}: ${reason}`);
    for (const message of new Set(missing))
      problems.push({ field: 'devices', message, code: 'DEVICE_UNAVAILABLE' });
    const message = this.#parts.devices.sharingProblem(config);
    if (message !== '') problems.push({ field: 'devices', message, code: 'DEVICE_UNAVAILABLE' });
    return {
      problems,
      config,
      net: net ?? null,
      plan,
      costs,
      receivedBytes: net === undefined ? null : sharingCosts(config, net).receivedBytes,
      time: net === undefined || plan === null ? null : this.#time(config, net, plan.totalSteps),
      faster: this.#faster(config, net),
      // Weights and velocities, fp32.
      checkpointBytes: net === undefined ? null : 8 * net.parameters,
      schedule: drawSchedule(config, plan?.epochs ?? config.epochs ?? null),
      scheduleDepends: config.optimiser.schedule.kind === 'plateau',
    };
  }

  #datasetProblems(config: RunConfig, id: string | undefined, dataset: Dataset | undefined): ConfigProblem[] {
    if (id === undefined) return [];
    if (dataset === undefined) {
      return [{ field: 'dataset', message: 'this data set does not exist any more', code: 'NOT_FOUND' }];
    }
    const problems: ConfigProblem[] = [];
    if (dataset.state !== 'ready') {
      const message = dataset.state === 'packing' ? 'it is not packed to the end yet' : dataset.reason;
      problems.push({ field: 'dataset', message, code: 'DATASET_NOT_READY' });
      return problems;
    }
    const gone = this.#parts.problemOf?.(dataset) ?? '';
    if (gone !== '') problems.push({ field: 'dataset', message: gone, code: 'NOT_FOUND' });
    if (config.net.classes !== dataset.classes) {
      const message = `the data set has ${dataset.classes} classes`;
      problems.push({ field: 'net.classes', message, code: 'INVALID_CONFIG' });
    }
    return problems;
  }

  #engineProblems(config: RunConfig): ConfigProblem[] {
    try {
      this.#parts.addon().checkConfig(JSON.stringify(config));
      return [];
    } catch (error) {
      const { code, message, details } = toErrorReport(error);
      const field = placeOf(details, config);
      return [{ field, message: withoutPlace(message, field), code }];
    }
  }

  #describe(config: RunConfig): NetDescription | undefined {
    try {
      return describeNet(this.#parts.addon(), config.net, config.optimiser.batchSize);
    } catch {
      return undefined; // the problems say why
    }
  }

  #costs(config: RunConfig, net: NetDescription): ConfigCost[] {
    const known = this.#parts.devices.list();
    const { memoryBytes } = sharingCosts(config, net);
    return config.devices.map((id) => {
      const device = known.find((one) => one.id === id);
      return {
        device: id,
        usable: device?.usable ?? false,
        reason: device?.usable ? '' : device?.reason || 'there is no such device here',
        memoryBytes,
        availableBytes: device === undefined || device.memoryBytes === 0 ? null : device.memoryBytes,
      };
    });
  }

  /** On a processor bf16 is only worth it where there are instructions for it; GPUs that are used here have them. */
  #faster(config: RunConfig, net: NetDescription | undefined): FasterPrecision | null {
    if (config.precision !== 'fp32' || net === undefined) return null;
    const known = this.#parts.devices.list();
    const places = config.devices.map((place) => known.find(({ id }) => id === place));
    if (!places.every((place) => place?.precisions.includes('bf16'))) return null;
    const cpu = places.find((place) => place?.id === 'cpu');
    const instructions = cpu?.instructions.filter((name) => name.endsWith('bf16')) ?? [];
    if (cpu !== undefined && instructions.length === 0) return null;
    const measured = this.#time({ ...config, precision: 'bf16' }, net, 1);
    return { precision: 'bf16', instructions, imagesPerSecond: measured?.imagesPerSecond ?? null };
  }

  /** From the newest run on the same devices in the same precision, scaled by the nets' work an image. */
  #time(config: RunConfig, net: NetDescription, totalSteps: number): ConfigTime | null {
    const alike = findRunAlike(this.#parts.db, config, { among: runsLookedAt, steps: fewestSteps });
    const run = alike === undefined ? undefined : getRun(this.#parts.db, alike);
    const reached = run && this.#reached(run);
    if (run !== undefined && reached !== undefined) {
      const imagesPerSecond = reached / net.trainingFlops;
      if (Number.isFinite(imagesPerSecond) && imagesPerSecond > 0)
        return {
          imagesPerSecond,
          elapsedMs: (totalSteps * config.optimiser.batchSize * 1000) / imagesPerSecond,
          measuredOn: { runId: run.id, name: run.name },
        };
    }
    const flopsPerSecond = this.#probed.get(placeKey(config));
    if (flopsPerSecond === undefined) return null;
    const imagesPerSecond = flopsPerSecond / net.trainingFlops;
    const elapsedMs = (totalSteps * config.optimiser.batchSize * 1000) / imagesPerSecond;
    return { imagesPerSecond, elapsedMs, measuredOn: null };
  }

  /** What a measurement found, for checks of the same devices, precision and threads. */
  keepSpeed(config: RunConfig, imagesPerSecond: number): void {
    const net = this.#describe(config);
    if (net !== undefined) this.#probed.set(placeKey(config), imagesPerSecond * net.trainingFlops);
  }

  /** FLOPs a second of its last steps. */
  #reached(run: Run): number | undefined {
    const recipe = getRunRecipe(this.#parts.db, run.id);
    const fromStep = Math.max(2, run.step - 200); // the first step also warms up
    const speed = readCurve(this.#parts.db, run.id, { points: 1, fromStep }).points[0]?.imagesPerSecond;
    const net = recipe && this.#describe(recipe.config);
    return speed === undefined || net === undefined ? undefined : speed * net.trainingFlops;
  }
}

/** Runs alike in these have the same speed for each FLOP. */
function placeKey({ devices, parallelism, precision, threads }: RunConfig): string {
  return `${devices.join()} ${parallelism} ${precision} ${threads}`;
}

const nothingKnown = {
  config: null,
  net: null,
  plan: null,
  costs: [],
  receivedBytes: null,
  time: null,
  faster: null,
  checkpointBytes: null,
  schedule: [],
  scheduleDepends: false,
};

/** The engine's messages begin with the field, which stands beside them here. */
function withoutPlace(message: string, field: string): string {
  return field !== '' && message.startsWith(`${field} `) ? message.slice(field.length + 1) : message;
}

/** The engine names a field, or a layer and its field. */
function placeOf(details: Record<string, unknown> | undefined, config: RunConfig): string {
  const field = typeof details?.field === 'string' ? details.field : '';
  const layer = typeof details?.layer === 'string' ? details.layer : '';
  if (layer === '' || !config.net.layers.some(({ name }) => name === layer)) return field;
  return field === '' || field.startsWith('net.')
    ? field || `net.layers.${layer}`
    : `net.layers.${layer}.${field}`;
}

function planOf(config: RunConfig, { trainImages }: Dataset): NonNullable<ConfigCheck['plan']> {
  const stepsPerEpoch = Math.max(1, Math.ceil(trainImages / config.optimiser.batchSize));
  const totalSteps = config.steps ?? (config.epochs ?? 1) * stepsPerEpoch;
  return {
    stepsPerEpoch,
    totalSteps,
    epochs: totalSteps / stepsPerEpoch,
    images: totalSteps * config.optimiser.batchSize,
  };
}

/** The rate by epoch, as far as it is known before the run. */
export function drawSchedule({ optimiser }: RunConfig, epochs: number | null): SchedulePoint[] {
  if (epochs === null) return [];
  const { schedule, learningRate, actions } = optimiser;
  const rateAt = (epoch: number) => {
    if (schedule.kind === 'polynomial') return learningRate * (1 - epoch / epochs) ** schedule.power;
    if (schedule.kind !== 'steps') return learningRate;
    // An epoch in the list begins with the lower rate; epochs count from 1.
    const drops = schedule.epochs.filter((drop) => epoch >= drop - 1).length;
    return learningRate * schedule.factor ** drops;
  };
  const set = actions.filter((action) => action.kind === 'rate');
  const breaks = [
    ...(schedule.kind === 'steps' ? schedule.epochs : []),
    ...set.map((action) => action.epoch),
  ].map((epoch) => epoch - 1);
  const places =
    schedule.kind === 'polynomial'
      ? Array.from({ length: schedulePoints + 1 }, (_, i) => (i * epochs) / schedulePoints)
      : [0, epochs];
  // A step down is two points at the same epoch.
  const points = [
    ...places.map((epoch) => ({ epoch, before: epoch === epochs })),
    ...breaks
      .filter((epoch) => epoch > 0 && epoch < epochs)
      .flatMap((epoch) => [
        { epoch, before: true },
        { epoch, before: false },
      ]),
  ].sort((a, b) => a.epoch - b.epoch || Number(b.before) - Number(a.before));
  return points.map(({ epoch, before }) => {
    const at = before && schedule.kind !== 'polynomial' ? epoch - 1e-9 : epoch;
    const action = set.filter((one) => at >= one.epoch - 1).at(-1);
    return { epoch, learningRate: action?.rate ?? rateAt(at) };
  });
}
