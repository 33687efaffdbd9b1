// What the engine says of a net and of the devices it can use.
import * as z from 'zod';
import { operationSchema } from './run-config.ts';

/** Channels, height, width over all columns. */
const shape3 = z.tuple([z.number(), z.number(), z.number()]);

export const layerDescriptionSchema = z.object({
  name: z.string(),
  kind: z.enum(['conv', 'fc']),
  input: shape3,
  linear: shape3,
  output: shape3,
  /** 1 where every column reads the whole input, `columns` where each reads its own share. */
  groups: z.int().positive(),
  /** Columns exchange before this layer. */
  gathers: z.boolean(),
  parameters: z.number(),
  multiplyAdds: z.number(),
  exchangeBytes: z.number(),
  weightShape: z.array(z.int().positive()),
  ops: z.array(operationSchema),
});

export const netDescriptionSchema = z.object({
  columns: z.int(),
  inputSize: z.int(),
  classes: z.int(),
  parameters: z.number(),
  units: z.number(),
  /** One image, forward. */
  multiplyAdds: z.number(),
  /** One image, forward and backward, no gradient to the pixels. */
  trainingFlops: z.number(),
  parameterBytes: z.number(),
  activationBytes: z.number(),
  /** One direction, forward, fp32, at the batch asked for. */
  exchangeBytes: z.number(),
  layers: z.array(layerDescriptionSchema),
});

export const deviceReportSchema = z.object({
  id: z.string(),
  name: z.string(),
  usable: z.boolean(),
  /** Why not, and what to do; empty where usable. */
  reason: z.string(),
  memoryBytes: z.number(),
  cores: z.number(),
  precisions: z.array(z.string()),
  instructions: z.array(z.string()),
  library: z.string(),
  /** Of a GPU, e.g. "580.65.06 (CUDA 13.0)". */
  driver: z.string(),
  /** Of a GPU, e.g. "9.0". */
  computeCapability: z.string(),
  /** Of a GPU's memory; -1 where it is not known. */
  freeBytes: z.number(),
  /** Why a GPU cannot add up gradients with other GPUs; empty where it can. */
  sharingReason: z.string(),
  /** What limits a device that can be used, e.g. that another GPU has no direct access to it. */
  notes: z.array(z.string()),
});

export const tensorShapeSchema = z.array(z.int().nonnegative());

/** A tensor by its canonical name, e.g. conv1.weight [96, 3, 11, 11]. */
export const tensorInfoSchema = z.object({ name: z.string(), shape: tensorShapeSchema });

export type LayerDescription = z.output<typeof layerDescriptionSchema>;
export type NetDescription = z.output<typeof netDescriptionSchema>;
export type DeviceReport = z.output<typeof deviceReportSchema>;
export type TensorInfo = z.output<typeof tensorInfoSchema>;
