// Runs as services return them, and what a run tells while it trains.
import * as z from 'zod';
import { labelsSchema, modelPreprocessingSchema } from './models.ts';
import { storedNumber } from './numbers.ts';
import { runConfigSchema } from './run-config.ts';
import { appliedCommandSchema, noticeSchema } from './training.ts';

export const runStateSchema = z.enum([
  'queued',
  'running',
  'paused',
  'finished',
  'stopped',
  'diverged',
  'interrupted',
  'failed',
]);

/** A run in a list: everything small. */
export const runSchema = z.object({
  id: z.string(),
  name: z.string(),
  state: runStateSchema,
  /** Why it ended, where the state alone does not say; empty otherwise. */
  reason: z.string(),
  /** Null once the data set is removed. */
  datasetId: z.string().nullable(),
  datasetName: z.string(),
  preset: z.string(),
  /** The model it started from; empty: drawn weights. */
  init: z.string(),
  stepsPerEpoch: z.int().nonnegative(),
  totalSteps: z.int().nonnegative(),
  parameters: z.int().nonnegative(),
  /** Completed steps whose metrics are stored. */
  step: z.int().nonnegative(),
  epoch: z.int().nonnegative(),
  loss: storedNumber,
  bestTop1Error: z.number().nullable(),
  bestEpoch: z.int().nullable(),
  starred: z.boolean(),
  tags: z.array(z.string()),
  notes: z.string(),
  createdAt: z.int(),
  startedAt: z.int().nullable(),
  endedAt: z.int().nullable(),
});

/** What a run was made from. */
export const runRecipeSchema = z.object({
  config: runConfigSchema,
  labels: labelsSchema,
  preprocessing: modelPreprocessingSchema,
});

/** One step's metrics as stored. */
export const metricSchema = z.object({
  step: z.int(),
  epoch: z.int(),
  images: z.int(),
  loss: storedNumber,
  top1Error: z.number(),
  top5Error: z.number(),
  learningRate: z.number(),
  elapsedMs: z.number(),
  dataWaitMs: z.number(),
  exchangeMs: z.number(),
});

export const validationSchema = z.object({
  epoch: z.int(),
  step: z.int(),
  images: z.int(),
  loss: storedNumber,
  top1Error: z.number(),
  top5Error: z.number(),
  trainLoss: storedNumber,
  trainTop1Error: z.number(),
  elapsedMs: z.number(),
});

/** A thinned curve: each point stands for the steps firstStep..lastStep. */
export const curvePointSchema = z.object({
  firstStep: z.int(),
  lastStep: z.int(),
  /** Means over the point's steps; null where no loss was finite. */
  loss: storedNumber,
  top1Error: z.number(),
  top5Error: z.number(),
  minLoss: storedNumber,
  maxLoss: storedNumber,
  /** At lastStep. */
  learningRate: z.number(),
  imagesPerSecond: z.number(),
  /** Shares of the points' time, 0..1: waiting for the loader, exchanging between columns. */
  dataWaitShare: z.number(),
  exchangeShare: z.number(),
});

export const curveSchema = z.object({
  points: z.array(curvePointSchema),
  validations: z.array(validationSchema),
  /** The validation with the lowest top-1 error, however much the rest is thinned. */
  best: validationSchema.nullable(),
});

/** An entry of a checkpoint file. */
export const checkpointSchema = z.object({
  id: z.int().positive(),
  step: z.int().nonnegative(),
  epoch: z.int().nonnegative(),
  best: z.boolean(),
  reason: z.string(),
  top1Error: z.number().nullable(),
  loss: storedNumber,
  sizeBytes: z.int().nonnegative(),
  createdAt: z.int(),
});

/** A line of a run's log. */
export const runEventSchema = z.object({
  id: z.int(),
  step: z.int().nonnegative(),
  kind: z.enum(['command', 'notice', 'checkpoint', 'started', 'resumed', 'ended', 'interrupted']),
  payload: z.record(z.string(), z.unknown()),
  at: z.int(),
});

export const runDetailSchema = runSchema.extend({
  ...runRecipeSchema.shape,
  validations: z.array(validationSchema),
  checkpoints: z.array(checkpointSchema),
  events: z.array(runEventSchema),
});

/** What a run tells, in order; one `step` for every step. */
export const runProgressSchema = z.discriminatedUnion('event', [
  z.object({
    event: z.literal('run'),
    id: z.string(),
    name: z.string(),
    dataset: z.string(),
    preset: z.string(),
    parameters: z.int(),
    stepsPerEpoch: z.int(),
    totalSteps: z.int(),
    /** 0 for a fresh start. */
    fromStep: z.int(),
  }),
  z.object({
    event: z.literal('step'),
    step: z.int(),
    epoch: z.int(),
    loss: storedNumber,
    top1Error: z.number(),
    top5Error: z.number(),
    learningRate: z.number(),
    imagesPerSecond: z.number(),
    elapsedMs: z.number(),
    dataWaitMs: z.number(),
    exchangeMs: z.number(),
  }),
  z.object({
    event: z.literal('validation'),
    step: z.int(),
    epoch: z.int(),
    loss: storedNumber,
    top1Error: z.number(),
    top5Error: z.number(),
    trainLoss: storedNumber,
    trainTop1Error: z.number(),
    images: z.int(),
    elapsedMs: z.number(),
  }),
  appliedCommandSchema.omit({ kind: true }).extend({ event: z.literal('command') }),
  noticeSchema.omit({ kind: true }).extend({ event: z.literal('notice') }),
  z.object({
    event: z.literal('checkpoint'),
    id: z.int(),
    step: z.int(),
    epoch: z.int(),
    best: z.boolean(),
    reason: z.string(),
    sizeBytes: z.int(),
    elapsedMs: z.number(),
  }),
  z.object({
    event: z.literal('done'),
    state: runStateSchema,
    reason: z.string(),
    step: z.int(),
    bestTop1Error: z.number().nullable(),
  }),
]);

export type RunState = z.output<typeof runStateSchema>;
export type Run = z.output<typeof runSchema>;
export type RunRecipe = z.output<typeof runRecipeSchema>;
export type Metric = z.output<typeof metricSchema>;
export type Validation = z.output<typeof validationSchema>;
export type CurvePoint = z.output<typeof curvePointSchema>;
export type Curve = z.output<typeof curveSchema>;
export type Checkpoint = z.output<typeof checkpointSchema>;
export type RunEvent = z.output<typeof runEventSchema>;
export type RunDetail = z.output<typeof runDetailSchema>;
export type RunProgress = z.output<typeof runProgressSchema>;
