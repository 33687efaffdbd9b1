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

const triple = z.tuple([z.number(), z.number(), z.number()]);

/** What a user may say about a file of weights, over what was recognised. */
export const importCorrectionsSchema = z.object({
  /** The net's form. */
  preset: z.string().exactOptional(),
  /** A file of class names, in class order. */
  labels: z.string().exactOptional(),
  /** Subtracted from the scaled pixel. */
  mean: triple.exactOptional(),
  /** What is left is divided by this. */
  std: triple.exactOptional(),
  /** Pixel values 0..255 are multiplied by this first. */
  scale: z.number().positive().exactOptional(),
  /** Caffe's mean image (.binaryproto), subtracted instead of one colour. */
  meanFile: z.string().exactOptional(),
  /** The order in which the first layer's weights expect the colours. */
  channels: z.enum(['rgb', 'bgr']).exactOptional(),
});

/** A tensor of the net beside what the file has for it. */
export const tensorFitSchema = z.object({
  tensor: z.string(),
  /** Null where the net has no such tensor. */
  wanted: tensorShapeSchema.nullable(),
  inFile: z.string().nullable(),
  found: tensorShapeSchema.nullable(),
  /** Why it does not fit; empty where it does. */
  problem: z.string(),
});

/** Errors that whoever trained the weights published, fractions 0..1. */
export const claimSchema = z.object({
  top1Error: z.number(),
  top5Error: z.number().nullable(),
  /** What was measured by whom. */
  on: z.string(),
});

/** Its errors on a data set whose classes are not all of the model's in their order; kept in `source.check`. */
export const modelCheckSchema = z.object({
  datasetName: z.string(),
  /** Of the matched classes: what the errors are of. */
  images: z.int(),
  top1Error: z.number(),
  top5Error: z.number(),
  matchedClasses: z.int(),
  /** Ms UTC. */
  at: z.int(),
});

/** What a file of weights is taken for. */
export const recognitionSchema = z.object({
  format: z.string(),
  /** As the file calls itself, or what wrote it. */
  title: z.string(),
  /** In plain words, e.g. "torchvision's alexnet". */
  kind: z.string(),
  preset: z.string(),
  /** Presets whose net has tensors of these very shapes. */
  fitting: z.array(z.string()),
  columns: z.int(),
  inputSize: z.int(),
  classes: z.int(),
  parameters: z.number(),
  fits: z.boolean(),
  /** Layer by layer, then what belongs to no layer. */
  tensors: z.array(tensorFitSchema),
  preprocessing: z.object({
    channels: z.enum(['rgb', 'bgr']),
    scale: z.number(),
    mean: triple,
    std: triple,
    meanImage: z.boolean(),
    cropSize: z.int(),
    /** Who says so. */
    from: z.enum(['file', 'source', 'you']),
  }),
  labels: z.object({
    /** Where the names come from; none: they are to be given. */
    from: z.enum(['file', 'imagenet', 'you', 'none']),
    first: labelsSchema,
  }),
  claim: claimSchema.nullable(),
  /** What differs from the source, and what to look at. */
  notes: z.array(z.string()),
});

export type ImportCorrections = z.output<typeof importCorrectionsSchema>;
export type TensorFit = z.output<typeof tensorFitSchema>;
export type Claim = z.output<typeof claimSchema>;
export type ModelCheck = z.output<typeof modelCheckSchema>;
export type Recognition = z.output<typeof recognitionSchema>;
export type DescribedModel = z.output<typeof describedModelSchema>;
export type ModelPreprocessing = z.output<typeof modelPreprocessingSchema>;
export type Model = z.output<typeof modelSchema>;
