// Data sets as services return them and shells show them. Times are ms UTC.
import * as z from 'zod';

export const splitSchema = z.enum(['train', 'val']);

/** What people call the folders of a data set's splits, in lower case. */
export const trainFolderNames: readonly string[] = ['train', 'training'];
/** The one whose labels are public in most data sets first. */
export const valFolderNames: readonly string[] = ['val', 'valid', 'validation', 'test', 'testing'];

export const datasetStateSchema = z.enum(['packing', 'ready', 'failed']);

/** What people type: it becomes part of no path, so only control characters and edges are refused. */
export const nameSchema = z
  .string()
  .min(1, 'a name cannot be empty')
  .max(200, 'a name has at most 200 characters')
  .refine((name) => name === name.trim(), 'a name does not begin or end with a space')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
  .refine((name) => !/[\u0000-\u001f\u007f]/.test(name), 'a name has no control characters')
  .refine(
    (name) => !/[\u202a-\u202e\u2066-\u2069]/.test(name),
    'a name has no signs that turn the direction of what follows it',
  )
  .refine((name) => !name.includes('@'), 'a name has no @: it separates a run from its checkpoint');

/** The folders and options a data set was added with; packing resumes from this. */
export const datasetSourceSchema = z.object({
  trainFolder: z.string(),
  /** A list of photos below it with their classes, in place of class folders. */
  trainLabelsFile: z.string().exactOptional(),
  valFolder: z.string().exactOptional(),
  /** Labels of a flat validation folder. */
  valLabelsFile: z.string().exactOptional(),
  /** The map from devkit ids to class folders. */
  devkitMapFile: z.string().exactOptional(),
  /** Share of each class that is held out of the training folder. */
  valFraction: z.number().gt(0).lt(1).exactOptional(),
  seed: z.int().nonnegative().exactOptional(),
});

/** Over the packed training split; pixel values are 0..255. */
export const packStatisticsSchema = z.object({
  meanRgb: z.array(z.number()),
  /** Row-major 3x3. */
  covariance: z.array(z.number()),
  eigenvalues: z.array(z.number()),
  /** Row i is axis i in RGB, row-major 3x3. */
  eigenvectors: z.array(z.number()),
});

export const datasetClassSchema = z.object({
  label: z.int().nonnegative(),
  /** The class folder's name; a wnid for ImageNet. */
  folder: z.string(),
  /** What people call it. */
  name: z.string(),
  trainImages: z.int().nonnegative(),
  valImages: z.int().nonnegative(),
});

export const datasetSchema = z.object({
  id: z.string(),
  name: z.string(),
  state: datasetStateSchema,
  /** Why it failed; empty otherwise. */
  reason: z.string(),
  source: datasetSourceSchema,
  classes: z.int().nonnegative(),
  trainImages: z.int().nonnegative(),
  valImages: z.int().nonnegative(),
  /** Null until the training split is packed. */
  statistics: packStatisticsSchema.nullable(),
  sizeBytes: z.int().nonnegative(),
  createdAt: z.int(),
  updatedAt: z.int(),
});

export const skippedFileSchema = z.object({
  split: splitSchema,
  /** Relative to the split's folder. */
  path: z.string(),
  code: z.string(),
  message: z.string(),
});

export const imageSchema = z.object({
  split: splitSchema,
  record: z.int().nonnegative(),
  label: z.int().nonnegative(),
  path: z.string(),
});

export const datasetDetailSchema = datasetSchema.extend({
  skippedFiles: z.object({ train: z.int().nonnegative(), val: z.int().nonnegative() }),
  classList: z.array(datasetClassSchema),
});

/** What adding a data set tells. */
export const datasetEventSchema = z.discriminatedUnion('event', [
  z.object({ event: z.literal('dataset'), id: z.string(), name: z.string(), resumed: z.boolean() }),
  z.object({
    event: z.literal('progress'),
    split: splitSchema,
    done: z.int(),
    total: z.int(),
    packed: z.int(),
    skipped: z.int(),
    imagesPerSecond: z.number(),
  }),
  z.object({ event: z.literal('skipped'), ...skippedFileSchema.shape }),
  z.object({
    event: z.literal('done'),
    /** Counts reconcile: found = packed + skipped. */
    found: z.int(),
    packed: z.int(),
    skipped: z.int(),
    dataset: datasetSchema,
  }),
]);

export type Split = z.output<typeof splitSchema>;
export type DatasetState = z.output<typeof datasetStateSchema>;
export type DatasetSource = z.output<typeof datasetSourceSchema>;
export type PackStatistics = z.output<typeof packStatisticsSchema>;
export type DatasetClass = z.output<typeof datasetClassSchema>;
export type Dataset = z.output<typeof datasetSchema>;
export type DatasetDetail = z.output<typeof datasetDetailSchema>;
export type SkippedFile = z.output<typeof skippedFileSchema>;
export type Image = z.output<typeof imageSchema>;
export type DatasetEvent = z.output<typeof datasetEventSchema>;
