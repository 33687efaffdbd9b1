// Summaries of evaluations as they were stored before answers had a table of their own.
import * as z from 'zod';
import { evaluationSummarySchema } from './evaluation.ts';
import { storedNumber } from './numbers.ts';

// JSON has no NaN: a loss that is not finite was stored as null.
const loss = storedNumber.transform((value) => value ?? Number.NaN);
const rows = z.array(z.array(z.number()));

const oldSummarySchema = evaluationSummarySchema
  .omit({ top1Interval: true, top5Interval: true, calibration: true })
  .extend({
    loss,
    /** A row an image, in pack order: its five best classes, -1 where there are fewer, and their probabilities. */
    top5: rows,
    top5Probability: rows,
    trueProbability: z.array(z.number()),
  });

/** What may be found. */
export const storedSummarySchema = z.union([evaluationSummarySchema.extend({ loss }), oldSummarySchema]);

export type OldEvaluationSummary = z.output<typeof oldSummarySchema>;
