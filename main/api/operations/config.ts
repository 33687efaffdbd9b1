// New run: presets, a configuration checked as it is typed, what it will cost.
import * as z from 'zod';
import { netDescriptionSchema } from '../net-description.ts';
import { call, nothing } from '../operation.ts';
import { precisionSchema, presetSchema, runConfigSchema } from '../run-config.ts';

/** One thing that is wrong. */
export const configProblemSchema = z.object({
  /** The path as people type it, layers by name (`net.layers.conv1.width`); empty: the whole. */
  field: z.string(),
  message: z.string(),
  code: z.string(),
});

export const configCostSchema = z.object({
  /** As in config.devices; twice "cpu" are two entries. */
  device: z.string(),
  usable: z.boolean(),
  /** Why not. */
  reason: z.string(),
  /** Estimated: weights, velocities, gradients, activations of a batch, on this device. */
  memoryBytes: z.number(),
  /** The device has so much; null where it does not say. */
  availableBytes: z.number().nullable(),
});

export const configTimeSchema = z.object({
  imagesPerSecond: z.number(),
  /** The whole run. */
  elapsedMs: z.number(),
  /** Scaled by FLOPs from this run's measured speed, on the same devices and precision; null: see measure. */
  measuredOn: z.object({ runId: z.string(), name: z.string() }).nullable(),
});

export const fasterPrecisionSchema = z.object({
  precision: precisionSchema,
  /** The processor's instructions that make it so; none on GPUs. */
  instructions: z.array(z.string()),
  /** Images a second that it reached here, scaled by FLOPs; null where it was not measured yet. */
  imagesPerSecond: z.number().nullable(),
});

export const schedulePointSchema = z.object({ epoch: z.number(), learningRate: z.number() });

export const configCheckSchema = z.object({
  /** Empty: it can be started. */
  problems: z.array(configProblemSchema),
  /** With every default; null where it does not parse. */
  config: runConfigSchema.nullable(),
  net: netDescriptionSchema.nullable(),
  /** Null without a data set or a valid configuration. */
  plan: z
    .object({ stepsPerEpoch: z.int(), totalSteps: z.int(), epochs: z.number(), images: z.int() })
    .nullable(),
  costs: z.array(configCostSchema),
  /** What each device receives from the others in a training step; null where it is not known. */
  receivedBytes: z.number().nullable(),
  /** Null where no run on these devices has been measured yet. */
  time: configTimeSchema.nullable(),
  /** A precision that the same devices compute faster in; null where there is none. */
  faster: fasterPrecisionSchema.nullable(),
  /** Of one checkpoint: weights and velocities. */
  checkpointBytes: z.number().nullable(),
  /** Straight between its points; a plateau's is drawn as if it never dropped, see scheduleDepends. */
  schedule: z.array(schedulePointSchema),
  /** The rate drops when validation stalls, so when it drops is not known before. */
  scheduleDepends: z.boolean(),
});

/** What becomes of a layer of a run that starts from a model. */
export const initLayerSchema = z.object({
  layer: z.string(),
  state: z.enum(['loaded', 'new', 'misfit']),
  /** Why it is not loaded. */
  reason: z.string(),
});

export const configOperations = {
  /** The default first. */
  presets: call({ input: nothing, output: z.array(presetSchema) }),
  /** The preset's configuration with the data set's classes, the settings' threads and checkpoints, on a GPU where there is one. */
  fromPreset: call({
    input: z.object({ preset: z.string(), datasetId: z.string().exactOptional() }),
    output: runConfigSchema,
  }),
  /** Its net and preset with the data set's classes, to fine-tune it. */
  fromModel: call({
    input: z.object({ model: z.string(), datasetId: z.string().exactOptional() }),
    output: runConfigSchema,
  }),
  /** Layer by layer what a run with this configuration takes over from the model. */
  initPlan: call({
    input: z.object({ model: z.string(), config: runConfigSchema, datasetId: z.string() }),
    output: z.object({ layers: z.array(initLayerSchema) }),
  }),
  /** Never throws for what is typed: it is told as problems. */
  check: call({
    input: z.object({ config: z.unknown(), datasetId: z.string().exactOptional() }),
    output: configCheckSchema,
  }),
  /**
   * Trains a few steps of it, of which nothing is kept but the speed; checks tell the time by it from then on. Throws
   * BUSY where something trains, INVALID_ARGUMENT where the data set is too small, and what ends an engine.
   */
  measure: call({
    input: z.object({ config: runConfigSchema, datasetId: z.string() }),
    output: z.object({ imagesPerSecond: z.number(), steps: z.int(), elapsedMs: z.number() }),
  }),
};

export type InitLayer = z.output<typeof initLayerSchema>;
export type ConfigProblem = z.output<typeof configProblemSchema>;
export type ConfigCost = z.output<typeof configCostSchema>;
export type ConfigTime = z.output<typeof configTimeSchema>;
export type FasterPrecision = z.output<typeof fasterPrecisionSchema>;
export type SchedulePoint = z.output<typeof schedulePointSchema>;
export type ConfigCheck = z.output<typeof configCheckSchema>;
