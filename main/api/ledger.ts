// The ledger: every claim of the paper as a row, what the paper and its author's logs say of it, and what runs here
// measured. Errors are fractions 0..1 and so are their differences; ratios are plain numbers.
import * as z from 'zod';
import { cropsSchema } from './evaluation.ts';
import { precisionSchema, runConfigSchema } from './run-config.ts';
import { runStateSchema } from './runs.ts';

export const claimIdSchema = z.enum([
  'two-columns',
  'lrn',
  'overlap',
  'traffic',
  'colour-noise',
  'crop-mirror',
  'dropout',
  'middle-layer',
  'relu-tanh',
  'relu-sigmoid',
  'batch-256',
  'ten-crops',
  'five-nets',
  // What the code did otherwise than the text: one difference a row.
  'code-padding',
  'code-lrn-alpha',
  'code-layer-order',
  'code-spatial-norm',
  'code-init',
  'code-biases',
  'code-end-game',
  'code-gain',
  'code-mean',
]);

export const measureSchema = z.enum(['error', 'crops', 'ensemble', 'epochs']);

/** How sure a number of the paper is: 'over 1', 'about 2', 'equal'. */
export const qualifierSchema = z.enum(['exact', 'over', 'about', 'equal']);

export const quotedSchema = z.object({
  /** Differences in error points as fractions; for the measure `epochs` `ratio`. Null: not told. */
  top1: z.number().nullable(),
  top5: z.number().nullable(),
  ratio: z.number().nullable(),
  qualifier: qualifierSchema,
  /** "P section 3.3", "S, run #148 against #145". */
  source: z.string(),
  measuredOn: z.string(),
});

/** A row of the ledger, whatever was run. */
export const claimSchema = z.object({
  id: claimIdSchema,
  group: z.enum(['paper', 'code']),
  title: z.string(),
  /** What is taken away or changed: the variant. */
  change: z.string(),
  measure: measureSchema,
  /** Of the evaluations that decide. */
  crops: cropsSchema,
  /** `worse`: the variant is said to be worse; `equal`: as good; `open`: nothing is claimed. */
  expected: z.enum(['worse', 'equal', 'open']),
  paper: quotedSchema.nullable(),
  author: quotedSchema.nullable(),
  baselineTitle: z.string(),
  variantTitle: z.string(),
  /** What a reader should know before comparing. */
  note: z.string(),
});

export const ledgerScaleSchema = z.object({
  /** Every width but the classifier's times this. */
  widthFactor: z.number().positive().max(4).default(1),
  epochs: z.int().min(1).max(10_000),
  batchSize: z.int().min(1).max(65_536).default(128),
  /** Null: the preset's. */
  learningRate: z.number().positive().nullable().default(null),
  /** `preset`: the preset's own, its epochs scaled to these; `linear`: down to 0 over the run. */
  schedule: z.enum(['preset', 'linear', 'constant']).default('preset'),
});

/** What a plan is made of. Two that differ in rows, seeds or threads alone are one plan. */
export const ledgerSettingsSchema = z.object({
  datasetId: z.string(),
  rows: z.array(claimIdSchema).min(1),
  preset: z.string().default('alexnet'),
  seeds: z.int().min(1).max(50).default(2),
  scale: ledgerScaleSchema,
  devices: runConfigSchema.shape.devices,
  precision: precisionSchema.default('fp32'),
  threads: z.int().min(0).max(1024).default(0),
});

/** 95 % of an interval, and what it is made of. */
export const estimateSchema = z.object({
  mean: z.number(),
  /** Null: one seed tells nothing of the spread. */
  low: z.number().nullable(),
  high: z.number().nullable(),
  /** One a seed. */
  values: z.array(z.number()),
  /** Standard deviation of the values. */
  spread: z.number().nullable(),
  /** Standard errors: of the seeds, of the images, of both. Null: not known, or it does not apply. */
  seedError: z.number().nullable(),
  imageError: z.number().nullable(),
  standardError: z.number().nullable(),
  /** Of Student's t, whose quantile the interval is made with. */
  degrees: z.number().nullable(),
});

export const ledgerRunSchema = z.object({
  runId: z.string(),
  name: z.string(),
  seed: z.int(),
  state: runStateSchema,
  reason: z.string(),
  step: z.int(),
  totalSteps: z.int(),
  /** From the evaluation that counts; null where there is none yet. */
  top1Error: z.number().nullable(),
  top5Error: z.number().nullable(),
  /** Epochs until 25 % training error; null where that was not reached. */
  epochs: z.number().nullable(),
});

export const ledgerSideSchema = z.object({
  title: z.string(),
  /** 'baseline', 'no-lrn', ... */
  recipe: z.string(),
  runs: z.array(ledgerRunSchema),
  /** Means over the seeds that are done. */
  top1Error: z.number().nullable(),
  top5Error: z.number().nullable(),
  epochs: z.number().nullable(),
});

export const verdictSchema = z.enum([
  'notRun',
  'running',
  'stopped',
  'failed',
  'unresolved',
  'agrees',
  'otherSize',
  'sameDirection',
  'oppositeDirection',
  'difference',
  'noDifference',
]);

export const ledgerRowSchema = z.object({
  claim: claimIdSchema,
  baseline: ledgerSideSchema,
  variant: ledgerSideSchema,
  /** Variant minus baseline. */
  top1: estimateSchema.nullable(),
  top5: estimateSchema.nullable(),
  /** Variant over baseline. */
  ratio: estimateSchema.nullable(),
  /** The ratio is at least this: the variant did not get there in time. */
  ratioAtLeast: z.number().nullable(),
  /** Ours minus theirs, of the top-1 error; null where the scales are not the same. */
  toPaper: z.number().nullable(),
  toAuthor: z.number().nullable(),
  verdict: verdictSchema,
  /** By which arithmetic, in words. */
  because: z.string(),
  /** Seeds for which both sides are done, of those wanted. */
  done: z.int(),
  wanted: z.int(),
  /** 0..1 of this row's training. */
  progress: z.number(),
});

/** Whether its sizes can stand beside the paper's. */
export const comparabilitySchema = z.object({
  comparable: z.boolean(),
  /** "photos10: 10 classes ...": in words, also where it is. */
  why: z.string(),
});

export const ledgerPlanSchema = z.object({
  id: z.string(),
  datasetName: z.string(),
  settings: ledgerSettingsSchema,
  /** What is missing is queued as it can be. */
  active: z.boolean(),
  createdAt: z.int(),
});

export const ledgerTimeSchema = z.object({
  /** Runs to be trained, and those that are there already. */
  runsMissing: z.int(),
  runsThere: z.int(),
  evaluationsMissing: z.int(),
  /** Null: nothing comparable was measured yet. */
  remainingMs: z.number().nullable(),
  imagesPerSecond: z.number().nullable(),
  /** The run that the speed is from. */
  measuredOn: z.string().nullable(),
});

export const ledgerSchema = z.object({
  plan: ledgerPlanSchema,
  dataset: z.object({ name: z.string(), classes: z.int(), trainImages: z.int(), valImages: z.int() }),
  comparability: comparabilitySchema,
  rows: z.array(ledgerRowSchema),
  time: ledgerTimeSchema,
});

/** A ledger as a file: what was measured, with what made it. */
export const ledgerFileSchema = z.object({
  format: z.literal('alexnet-studio-ledger-1'),
  title: z.string(),
  /** The command that made it; empty where it was not given. */
  command: z.string(),
  madeAt: z.string(),
  version: z.string(),
  commit: z.string(),
  machine: z.object({ cpu: z.string(), cores: z.int(), platform: z.string(), node: z.string() }),
  trainedMs: z.number(),
  claims: z.array(claimSchema),
  ledger: ledgerSchema,
});

export type ClaimId = z.output<typeof claimIdSchema>;
export type Measure = z.output<typeof measureSchema>;
export type Quoted = z.output<typeof quotedSchema>;
export type Claim = z.output<typeof claimSchema>;
export type LedgerScale = z.output<typeof ledgerScaleSchema>;
export type LedgerSettings = z.output<typeof ledgerSettingsSchema>;
export type Estimate = z.output<typeof estimateSchema>;
export type LedgerRun = z.output<typeof ledgerRunSchema>;
export type LedgerSide = z.output<typeof ledgerSideSchema>;
export type Verdict = z.output<typeof verdictSchema>;
export type LedgerRow = z.output<typeof ledgerRowSchema>;
export type Comparability = z.output<typeof comparabilitySchema>;
export type LedgerPlan = z.output<typeof ledgerPlanSchema>;
export type LedgerTime = z.output<typeof ledgerTimeSchema>;
export type Ledger = z.output<typeof ledgerSchema>;
export type LedgerFile = z.output<typeof ledgerFileSchema>;
