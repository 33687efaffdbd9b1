// Looking inside a net: what its layers make of a photo, what speaks for a class, how active the units are, and
// which images of a data set a photo resembles most.
import * as z from 'zod';
import { layerActivitySchema } from '../activity.ts';
import { splitSchema } from '../datasets.ts';
import { netDescriptionSchema } from '../net-description.ts';
import { call, nothing } from '../operation.ts';
import { byId } from '../paging.ts';
import { namedPredictionSchema } from '../predictions.ts';
import { startedJobSchema } from './datasets.ts';

/** A photo the application knows, or an image of a data set. */
export const photoReferenceSchema = z.union([
  z.object({ photoId: z.string() }),
  z.object({ datasetId: z.string(), split: splitSchema, record: z.int().nonnegative() }),
]);

/** What the net sees of the 256x256 square. */
const cropSchema = z.object({ top: z.int(), left: z.int(), size: z.int() });

const placeSchema = z.object({ layer: z.int().nonnegative(), op: z.int().nonnegative() });

const modelAndPhoto = z.object({ model: z.string(), photo: photoReferenceSchema });

export const lookSchema = z.object({
  net: netDescriptionSchema,
  classes: z.array(z.string()),
  crop: cropSchema,
  /** The most probable first, at most ten. */
  predictions: z.array(namedPredictionSchema),
  /** Of an image of a data set: its class. */
  trueClass: z.int().nullable(),
  /** Where Grad-CAM is taken: the last maps before the fully connected layers, before they are pooled. */
  lastMaps: placeSchema.nullable(),
});

export const mapsSchema = z.object({
  channels: z.int(),
  height: z.int(),
  width: z.int(),
  /** Tiles a row of the picture, one pixel between tiles; columns of the net one below the other. */
  perRow: z.int(),
  /** A path below the origin: PNG, grey, all tiles to one scale from `least` (black) to `most` (white). */
  image: z.string(),
  least: z.number(),
  most: z.number(),
  /** Values that are exactly 0. */
  zeroShare: z.number(),
  /** Each map's mean and largest value. */
  means: z.array(z.number()),
  largest: z.array(z.number()),
});

const heatSchema = z.object({
  height: z.int(),
  width: z.int(),
  /** Row by row, 0..1 of the largest; all 0 where nothing speaks for the class. */
  values: z.array(z.number()),
});

export const occlusionSchema = z.object({
  positions: z.int(),
  side: z.int(),
  /** Of the class, row by row. */
  probabilities: z.array(z.number()),
  /** With nothing covered. */
  whole: z.number(),
});

export const activitySchema = z.object({
  datasetId: z.string(),
  datasetName: z.string(),
  /** How many were looked at. */
  images: z.int(),
  measuredAt: z.int(),
  layers: z.array(layerActivitySchema),
});

export const indexSchema = z.object({
  id: z.string(),
  /** MODEL that it is of; a query goes through the same weights. */
  model: z.string(),
  modelTitle: z.string(),
  datasetId: z.string(),
  datasetName: z.string(),
  split: splitSchema,
  state: z.enum(['building', 'ready']),
  images: z.int(),
  features: z.int(),
  sizeBytes: z.number(),
  elapsedMs: z.number(),
  createdAt: z.int(),
});

export const neighbourSchema = z.object({
  record: z.int(),
  class: z.int(),
  className: z.string(),
  /** Euclidean, of the last hidden layer's features. */
  distance: z.number(),
  /** A path below the origin. */
  image: z.string(),
});

export const neighboursSchema = z.object({
  neighbours: z.array(neighbourSchema),
  elapsedMs: z.number(),
});

export const inspectOperations = {
  look: call({ input: modelAndPhoto, output: lookSchema }),
  /** Op 0 is the layer's convolution or product, op n the n-th of its "then" list. */
  maps: call({ input: modelAndPhoto.extend({ place: placeSchema }), output: mapsSchema }),
  /** Grad-CAM of a class, where `lastMaps` says. */
  gradCam: call({ input: modelAndPhoto.extend({ label: z.int().nonnegative() }), output: heatSchema }),
  /** `positions` 7, 13, 25: each contains the places of the one before, which are not computed again. */
  occlusion: call({
    input: modelAndPhoto.extend({
      label: z.int().nonnegative(),
      positions: z.int().min(1).max(49).default(7),
      side: z.int().min(1).max(256).default(48),
    }),
    output: occlusionSchema,
  }),
  /** What was measured last; null: nothing yet. */
  activity: call({ input: z.object({ model: z.string() }), output: activitySchema.nullable() }),
  /** Measures over images of a data set's training split, evenly spaced, and keeps it. */
  measureActivity: call({
    input: z.object({
      model: z.string(),
      datasetId: z.string(),
      images: z.int().min(1).max(2000).default(256),
    }),
    output: activitySchema,
  }),
};

export const retrievalOperations = {
  /** Newest first. */
  list: call({ input: nothing, output: z.array(indexSchema) }),
  /** The index of a model's weights and a data set, whole or not; null: there is none. */
  find: call({
    input: z.object({ model: z.string(), datasetId: z.string(), split: splitSchema.default('train') }),
    output: z.object({ id: z.string() }).nullable(),
  }),
  /** As a job; one that was stopped goes on where it was. */
  build: call({
    input: z.object({
      model: z.string(),
      datasetId: z.string(),
      split: splitSchema.default('train'),
    }),
    output: startedJobSchema.extend({ indexId: z.string() }),
  }),
  /** Throws BUSY while it is being built. */
  remove: call({ input: byId, output: nothing }),
  /** The images most like a photo; an image of the index itself is left out. */
  nearest: call({
    input: byId.extend({ photo: photoReferenceSchema, count: z.int().min(1).max(100).default(6) }),
    output: neighboursSchema,
  }),
};

export type PhotoReference = z.output<typeof photoReferenceSchema>;
export type Look = z.output<typeof lookSchema>;
export type MapsView = z.output<typeof mapsSchema>;
export type HeatView = z.output<typeof heatSchema>;
export type OcclusionView = z.output<typeof occlusionSchema>;
export type Activity = z.output<typeof activitySchema>;
export type FeatureIndexEntry = z.output<typeof indexSchema>;
export type NeighbourView = z.output<typeof neighbourSchema>;
export type Neighbours = z.output<typeof neighboursSchema>;
