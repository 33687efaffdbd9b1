// Answers for photos.
import * as z from 'zod';
import { cropsSchema } from './evaluation.ts';

/** A class and its softmax probability. */
export const predictionSchema = z.object({ class: z.int().nonnegative(), probability: z.number() });

export const namedPredictionSchema = predictionSchema.extend({ name: z.string() });

const fileErrorSchema = z.object({ code: z.string(), message: z.string() });

/** One result or one error a file, most probable class first. */
export const classifiedFileSchema = z.union([
  z.object({ file: z.string(), predictions: z.array(namedPredictionSchema) }),
  z.object({ file: z.string(), error: fileErrorSchema }),
]);

export const answersSchema = z.union([z.array(namedPredictionSchema), z.object({ error: fileErrorSchema })]);

/** As kept in the history. */
export const storedPredictionSchema = z.object({
  id: z.int(),
  path: z.string(),
  /** As the user named it. */
  model: z.string(),
  runId: z.string().nullable(),
  modelId: z.string().nullable(),
  checkpointStep: z.int().nullable(),
  crops: cropsSchema,
  answers: answersSchema,
  createdAt: z.int(),
});

export type Prediction = z.output<typeof predictionSchema>;
export type NamedPrediction = z.output<typeof namedPredictionSchema>;
export type ClassifiedFile = z.output<typeof classifiedFileSchema>;
export type Answers = z.output<typeof answersSchema>;
export type StoredPrediction = z.output<typeof storedPredictionSchema>;
