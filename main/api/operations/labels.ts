// Labelling: the photos that a model was least sure of, what the user says of them, and the data set made of that.
import * as z from 'zod';
import { nameSchema } from '../datasets.ts';
import { call, nothing } from '../operation.ts';
import { namedPredictionSchema } from '../predictions.ts';
import { startedJobSchema } from './datasets.ts';

export const photoToLabelSchema = z.object({
  /** Of the answer. */
  id: z.int(),
  path: z.string(),
  /** The file's name. */
  name: z.string(),
  /** A path below the origin. */
  image: z.string(),
  /** The most probable first. */
  answers: z.array(namedPredictionSchema),
});

export const labelCountsSchema = z.object({
  classes: z.array(z.object({ name: z.string(), count: z.int() })),
  /** Passed over. */
  skipped: z.int(),
});

/** A class as people type it. */
const classNameSchema = z
  .string()
  .trim()
  .min(1, 'a class needs a name')
  .max(200, 'the name of a class has at most 200 characters');

export const labelsOperations = {
  /** The least sure answers of a sweep without a label: by margin of the first two, or by entropy of all classes. */
  next: call({
    input: z.object({
      sweepId: z.string(),
      order: z.enum(['margin', 'entropy']).default('margin'),
      limit: z.int().min(1).max(100).default(20),
    }),
    output: z.array(photoToLabelSchema),
  }),
  /** Of the sweep's model, and those that were used, by name. */
  classes: call({ input: z.object({ sweepId: z.string() }), output: z.array(z.string()) }),
  /** `className` null: passed over. Replaces what was said before. */
  give: call({
    input: z.object({ id: z.int(), className: classNameSchema.nullable() }),
    output: nothing,
  }),
  takeBack: call({ input: z.object({ id: z.int() }), output: nothing }),
  /** Photos that were passed over come again. */
  askAgain: call({ input: nothing, output: nothing }),
  counts: call({ input: nothing, output: labelCountsSchema }),
  /** Packs the labelled photos, as a job. */
  makeDataset: call({
    input: z.object({ name: nameSchema, valFraction: z.number().gt(0).lt(1).exactOptional() }),
    output: startedJobSchema,
  }),
};

export type PhotoToLabel = z.output<typeof photoToLabelSchema>;
export type LabelCounts = z.output<typeof labelCountsSchema>;
