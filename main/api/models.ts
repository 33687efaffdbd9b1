// Imported models, and how pixels become a net's input.
import * as z from 'zod';
import { tensorShapeSchema } from './net-description.ts';
import { netSchema } from './run-config.ts';

/** How pixels become the net's input: input = (pixel - mean) * gain, pixel on the 0..255 scale. */
export const modelPreprocessingSchema = z.object({
  cropSize: z.int().positive(),
  mean: z.enum(['image', 'rgb', 'none']),
  meanFollowsCrop: z.boolean(),
  meanRgb: z.tuple([z.number(), z.number(), z.number()]).exactOptional(),
  /** A file of 256*256*3 little-endian floats. */
  meanImageFile: z.string().exactOptional(),
  gain: z.tuple([z.number(), z.number(), z.number()]),
});

/** Class names in class order. */
export const labelsSchema = z.array(z.string());

export const modelSchema = z.object({
  id: z.string(),
  name: z.string(),
  /** Below the data directory. */
  file: z.string(),
  format: z.string(),
  preset: z.string(),
  net: netSchema,
  preprocessing: modelPreprocessingSchema,
  labels: labelsSchema,
  parameters: z.int().nonnegative(),
  sizeBytes: z.int().nonnegative(),
  /** Where it came from: the imported file, its own metadata. */
  source: z.record(z.string(), z.unknown()),
  createdAt: z.int(),
});

/** An entry of a safetensors header. */
export const safetensorsEntrySchema = z.object({
  dtype: z.string(),
  shape: tensorShapeSchema,
  /** Bytes [begin, end) after the header. */
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});

/** What an exported file says of itself besides its tensors; a mean image is kept beside it. */
export const describedModelSchema = z.object({
  version: z.literal(1),
  preset: z.string(),
  net: netSchema,
  preprocessing: modelPreprocessingSchema.omit({ meanImageFile: true }),
  labels: labelsSchema,
  /** Where it came from, for people. */
  origin: z.record(z.string(), z.unknown()),
});

export type DescribedModel = z.output<typeof describedModelSchema>;
export type ModelPreprocessing = z.output<typeof modelPreprocessingSchema>;
export type Model = z.output<typeof modelSchema>;
