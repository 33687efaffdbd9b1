// What an evaluation finds. Errors are fractions 0..1.
import * as z from 'zod';
import { splitSchema } from './datasets.ts';
import { anyNumber, storedNumber } from './numbers.ts';

export const cropsSchema = z.union([z.literal(1), z.literal(10)]);

const isNumbers = (value: unknown) => Array.isArray(value) && value.every((one) => typeof one === 'number');

// Half a million numbers of a report: with zod's own arrays the first look at one took 370 ms instead of 140.
const numbers = z.custom<number[]>(isNumbers, 'expected numbers');
const rowsOfNumbers = z.custom<number[][]>(
  (value) => Array.isArray(value) && value.every(isNumbers),
  'expected rows of numbers',
);

/** As the engine answers: what reports and confusion tables are made from. */
export const evaluationSummarySchema = z.object({
  images: z.int().nonnegative(),
  loss: anyNumber,
  top1Error: z.number(),
  top5Error: z.number(),
  classImages: z.array(z.number()),
  classTop5Hits: z.array(z.number()),
  /** Sparse confusion: [true, answered, count], count > 0. */
  confusion: z.array(z.tuple([z.number(), z.number(), z.number()])),
  /** One row an image, in pack order: its five best classes ... */
  top5: rowsOfNumbers,
  /** ... their probabilities ... */
  top5Probability: rowsOfNumbers,
  /** ... and the true class's probability. */
  trueProbability: numbers,
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

export type Crops = z.output<typeof cropsSchema>;
export type EvaluationSummary = z.output<typeof evaluationSummarySchema>;
export type Evaluation = z.output<typeof evaluationSchema>;
export type EvaluationMember = z.output<typeof evaluationMemberSchema>;
export type EvaluationDetail = z.output<typeof evaluationDetailSchema>;
