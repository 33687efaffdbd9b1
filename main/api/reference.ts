// The paper's numbers, and those that its author logged: resources/reference. Errors in per cent, as printed.
import * as z from 'zod';
import { claimIdSchema } from './ledger.ts';

const error = z.number().min(0).max(100);
export const referenceErrorsSchema = z.strictObject({ top1: error, top5: error });

/** An error as it was published, and with two decimals where a log has it. */
export const referenceResultSchema = z.strictObject({
  id: z.string(),
  set: z.string(),
  model: z.string(),
  crops: z.int().nullable(),
  /** Null: not told. */
  top1: error.nullable(),
  top5: error,
  source: z.string(),
  logged: referenceErrorsSchema.extend({ source: z.string() }).nullable(),
});

export const referenceAblationSchema = z.strictObject({
  /** That of the ledger's row. */
  id: z.string(),
  change: z.string(),
  measuredOn: z.string(),
  /** In points of error; what the change costs. */
  paper: z
    .strictObject({
      top1: z.number().nullable(),
      top5: z.number().nullable(),
      /** Epochs to 25 % training error, as a multiple. */
      ratio: z.number().nullable(),
      qualifier: z.enum(['exact', 'over', 'about', 'equal']),
      /** The paper's own words where it gives no number; empty otherwise. */
      words: z.string(),
      source: z.string(),
    })
    .nullable(),
  author: z
    .strictObject({ variant: referenceErrorsSchema, baseline: referenceErrorsSchema, source: z.string() })
    .nullable(),
});

export const referenceSchema = z.strictObject({
  sources: z.record(z.string(), z.string()),
  results: z.array(referenceResultSchema),
  ablations: z.array(referenceAblationSchema),
});

/** What the paper says, what its code did, and what is made of it here. */
export const truthSchema = z.strictObject({
  number: z.int(),
  title: z.string(),
  paper: z.string(),
  code: z.string(),
  here: z.string(),
  source: z.string(),
  /** Of the configuration, as people type them; those below one belong to it. */
  fields: z.array(z.string()),
  /** The ledger's row that toggles this difference alone. */
  row: claimIdSchema.nullable(),
});

export type Truth = z.output<typeof truthSchema>;
export type ReferenceAblation = z.output<typeof referenceAblationSchema>;
export type Reference = z.output<typeof referenceSchema>;
