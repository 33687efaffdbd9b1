// Augmentation: named settings, and what they make of one image.
import * as z from 'zod';
import { nameSchema, splitSchema } from '../datasets.ts';
import { call, nothing } from '../operation.ts';
import { byId } from '../paging.ts';
import { augmentationSchema } from '../run-config.ts';

export const namedAugmentationSchema = z.object({
  id: z.string(),
  name: nameSchema,
  settings: augmentationSchema,
  createdAt: z.int(),
  updatedAt: z.int(),
});

/** The image that is looked at. */
export const previewSourceSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('dataset'),
    id: z.string(),
    split: splitSchema,
    record: z.int().nonnegative(),
  }),
  z.object({ kind: z.literal('photo'), id: z.string() }),
]);

export const previewRequestSchema = z.object({
  source: previewSourceSchema,
  /** The data set whose mean and colour axes are used; for an image of a data set its own by default. */
  statisticsOf: z.string().exactOptional(),
  settings: augmentationSchema,
  cropSize: z.int().min(1).max(256).default(224),
  seed: z.int().nonnegative().default(1),
  /** The draws of epochs 1..epochs, as a run with this seed would make them for this image. */
  epochs: z.int().min(1).max(100).default(12),
});

/** One crop of the 256x256 square, as the engine draws it. */
export const drawSchema = z.object({
  top: z.int(),
  left: z.int(),
  mirror: z.boolean(),
  /** Added to R, G, B on the 0..255 scale; zeros without colour noise. */
  colour: z.tuple([z.number(), z.number(), z.number()]),
  /** Of the crop after mirror and colour noise, before the mean is subtracted: a path below the origin. */
  image: z.string(),
});

export const previewSchema = z.object({
  cropSize: z.int(),
  /** The whole 256x256 square. */
  square: z.string(),
  draws: z.array(drawSchema),
  /** The ten crops of the test: centre, four corners, the same mirrored. */
  testCrops: z.array(drawSchema),
});

export const augmentationOperations = {
  /** By name. */
  list: call({ input: nothing, output: z.array(namedAugmentationSchema) }),
  /** With an id: changes that one. Throws NAME_TAKEN. */
  save: call({
    input: z.object({ id: z.string().exactOptional(), name: nameSchema, settings: augmentationSchema }),
    output: namedAugmentationSchema,
  }),
  remove: call({ input: byId, output: nothing }),
  preview: call({ input: previewRequestSchema, output: previewSchema }),
};

export type NamedAugmentation = z.output<typeof namedAugmentationSchema>;
export type PreviewSource = z.output<typeof previewSourceSchema>;
export type PreviewRequest = z.output<typeof previewRequestSchema>;
export type Draw = z.output<typeof drawSchema>;
export type Preview = z.output<typeof previewSchema>;
