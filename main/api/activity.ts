// How active a net's units are over a sample of images.
import * as z from 'zod';

/** Of one layer with an activation. A unit is a map, or a unit of a fully connected layer. */
export const layerActivitySchema = z.object({
  layer: z.string(),
  units: z.int(),
  /** Means over the units, after the activation. */
  mean: z.number(),
  /** Share of all values that are exactly 0. */
  zeroShare: z.number(),
  /** tanh, sigmoid: share of values at an end of the range, where hardly any gradient passes. */
  saturatedShare: z.number(),
  /** Units that no image makes active: always 0 (ReLU), always saturated (others). */
  dead: z.int(),
  /** Units active in less than a hundredth of the images, dead ones included. */
  rare: z.int(),
  /** Share of the images in which each unit is active. */
  activeShare: z.array(z.number()),
});

export const layerActivitiesSchema = z.array(layerActivitySchema);

export type LayerActivity = z.output<typeof layerActivitySchema>;
