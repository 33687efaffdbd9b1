// What an evaluation finds. Errors are fractions 0..1.
import * as z from 'zod';
import { splitSchema } from './datasets.ts';
import { anyNumber, storedNumber } from './numbers.ts';

export const cropsSchema = z.union([z.literal(1), z.literal(10)]);

/** How an image counts whose true class is as probable as others at the edge of the best one or five: as a hit or a miss,
 * the lower class first, or as a share of a hit, as in the code of 2012. */
export const tiesSchema = z.enum(['first', 'fraction']);

/** 95 %, by bootstrap over the images. */
const intervalSchema = z.tuple([z.number(), z.number()]);

/** As the engine answers, without what it answered to each image: what reports and confusion tables are made from. */
export const evaluationSummarySchema = z.object({
  images: z.int().nonnegative(),
  loss: anyNumber,
  top1Error: z.number(),
  top5Error: z.number(),
  /** Null: it was not measured. */
  top1Interval: intervalSchema.nullable(),
  top5Interval: intervalSchema.nullable(),
  classImages: z.array(z.number()),
  classTop5Hits: z.array(z.number()),
  /** Sparse confusion: [true, answered, count], count > 0. */
  confusion: z.array(z.tuple([z.number(), z.number(), z.number()])),
  /** A bin of probability each: [answers, sum of their probabilities, right ones]. */
  calibration: z.array(z.tuple([z.number(), z.number(), z.number()])),
});

/** In class order. */
export const classNamesSchema = z.array(z.string());

/** An evaluation in a list. Of a run's checkpoint (runId), of an imported model (modelId), or of several of these
 * whose softmax outputs were averaged (neither). */
export const evaluationSchema = z.object({
  id: z.string(),
  runId: z.string().nullable(),
  modelId: z.string().nullable(),
  checkpointStep: z.int().nullable(),
  /** Models averaged; 1: none. */
  members: z.int().positive(),
  datasetId: z.string().nullable(),
  datasetName: z.string(),
  split: splitSchema,
  crops: cropsSchema,
  images: z.int().nonnegative(),
  loss: storedNumber,
  top1Error: z.number(),
  top5Error: z.number(),
  top1Interval: intervalSchema.nullable(),
  top5Interval: intervalSchema.nullable(),
  ties: tiesSchema,
  elapsedMs: z.number(),
  createdAt: z.int(),
});

/** One of the models that were averaged, with its own errors. */
export const evaluationMemberSchema = z.object({
  /** As it was called then. */
  name: z.string(),
  runId: z.string().nullable(),
  modelId: z.string().nullable(),
  checkpointStep: z.int().nullable(),
  /** Its own evaluation, while that is kept. */
  evaluationId: z.string().nullable(),
  loss: storedNumber,
  top1Error: z.number(),
  top5Error: z.number(),
});

export const evaluationDetailSchema = evaluationSchema.extend({ summary: evaluationSummarySchema });

export type Ties = z.output<typeof tiesSchema>;
export type Interval = z.output<typeof intervalSchema>;
export type Crops = z.output<typeof cropsSchema>;
export type EvaluationSummary = z.output<typeof evaluationSummarySchema>;
export type Evaluation = z.output<typeof evaluationSchema>;
export type EvaluationMember = z.output<typeof evaluationMemberSchema>;
export type EvaluationDetail = z.output<typeof evaluationDetailSchema>;
