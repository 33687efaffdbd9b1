// What the queue keeps of each kind of job, to run it now or after a restart.
import * as z from 'zod';
import { splitSchema } from '../datasets.ts';
import { cropsSchema, tiesSchema } from '../evaluation.ts';
import { importCorrectionsSchema } from '../models.ts';
import { addDatasetSchema } from './datasets.ts';
import { exportFormatSchema } from './models.ts';

export const trainJobSchema = z.object({ runId: z.string() });

const evaluateOptions = {
  datasetId: z.string(),
  split: splitSchema,
  crops: cropsSchema,
  ties: tiesSchema.default('first'),
};

/** `model`: as jobs were kept before several could be averaged. */
export const evaluateJobSchema = z.union([
  z.object({ models: z.array(z.string()), ...evaluateOptions }),
  z
    .object({ model: z.string(), ...evaluateOptions })
    .transform(({ model, ...options }) => ({ models: [model], ...options })),
]);

/** With `undo` what was sorted is put back. */
export const sortJobSchema = z.object({ sortingId: z.string(), undo: z.literal(true).exactOptional() });

export const classifyJobSchema = z.object({ sweepId: z.string() });

/** With `sample` the sample pictures are drawn first. */
export const addDatasetJobSchema = z.union([z.object({ sample: z.literal(true) }), addDatasetSchema]);

export const datasetJobSchema = z.object({ datasetId: z.string() });

export const importJobSchema = importCorrectionsSchema.extend({
  file: z.string(),
  name: z.string(),
  checkOn: z.string().exactOptional(),
});

export const buildIndexJobSchema = z.object({ indexId: z.string() });

export const exportJobSchema = z.object({
  model: z.string(),
  format: exportFormatSchema,
  file: z.string(),
});
