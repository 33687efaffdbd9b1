// Classify: photos that were dropped or picked, folders of them, and what was answered before.
import * as z from 'zod';
import { cropsSchema } from '../evaluation.ts';
import { call, nothing, stream } from '../operation.ts';
import { byId, pageSchema, searchSchema } from '../paging.ts';
import { namedPredictionSchema, storedPredictionSchema } from '../predictions.ts';
import { startedJobSchema } from './datasets.ts';

/** A photo the application knows: its own copy of an uploaded one, or a file of the user's. */
export const photoSchema = z.object({
  id: z.string(),
  /** The file's name. */
  name: z.string(),
  sizeBytes: z.number(),
  /** The copy is the application's. */
  uploaded: z.boolean(),
  /** A path below the origin. */
  image: z.string(),
  createdAt: z.int(),
});

const errorSchema = z.object({ code: z.string(), message: z.string() });

/** Where a crop lies on the 256x256 square, and what it was taken for. */
export const cropAnswerSchema = z.object({
  top: z.int(),
  left: z.int(),
  mirror: z.boolean(),
  predictions: z.array(namedPredictionSchema),
});

export const photoAnswerSchema = z.object({
  photoId: z.string(),
  /** As it was asked for. */
  model: z.string(),
  /** The most probable first; empty where there is an error. */
  predictions: z.array(namedPredictionSchema),
  /** With ten crops: each by itself; otherwise empty. */
  crops: z.array(cropAnswerSchema),
  error: errorSchema.nullable(),
  elapsedMs: z.number(),
});

export const folderResultSchema = storedPredictionSchema.extend({
  /** The file's name. */
  name: z.string(),
  /** A path below the origin. */
  image: z.string(),
});

/** Files and folders classified with one model. */
export const sweepSchema = z.object({
  id: z.string(),
  paths: z.array(z.string()),
  model: z.string(),
  crops: cropsSchema,
  /** Answered so far, errors among them. */
  files: z.int(),
  failed: z.int(),
  /** The job that works on it or waits to; null: none. */
  jobId: z.string().nullable(),
  createdAt: z.int(),
  /** When it last came to the end; null: there may be files without an answer. */
  endedAt: z.int().nullable(),
});

export const folderResultsSchema = z.object({
  total: z.int(),
  failed: z.int(),
  results: z.array(folderResultSchema),
});

export const classifyOperations = {
  /** Photos by their paths on the machine that computes; uploaded bytes go to POST /photos. */
  addPaths: call({
    input: z.object({ paths: z.array(z.string().min(1)).min(1).max(1000) }),
    output: z.array(photoSchema),
  }),
  /** Known photos, newest first. */
  photos: call({ input: pageSchema, output: z.object({ total: z.int(), photos: z.array(photoSchema) }) }),
  removePhoto: call({ input: byId, output: nothing }),
  /** One answer a photo and model, as they come: photos in order, for each all models. */
  photosWith: stream({
    input: z.object({
      photoIds: z.array(z.string()).min(1).max(1000),
      models: z.array(z.string()).min(1).max(4),
      top: z.int().min(1).max(100).default(5),
      crops: cropsSchema.default(1),
    }),
    output: photoAnswerSchema,
  }),
  /**
   * Files and folders, as a job whose subject is the sweep: its results are read with `results`. The same again goes
   * on where it was stopped, and answers what is new.
   */
  folder: call({
    input: z.object({
      paths: z.array(z.string().min(1)).min(1).max(1000),
      model: z.string(),
      top: z.int().min(1).max(100).default(5),
      crops: cropsSchema.default(1),
    }),
    output: startedJobSchema.extend({ id: z.string() }),
  }),
  /** What was classified so far, newest first, at most 200. */
  sweeps: call({ input: nothing, output: z.array(sweepSchema) }),
  sweep: call({ input: byId, output: sweepSchema }),
  /** Forgets it with its answers; the photos stay. */
  removeSweep: call({ input: byId, output: nothing }),
  /** In the order in which they came. */
  results: call({
    input: pageSchema.extend({ id: z.string(), search: searchSchema }),
    output: folderResultsSchema,
  }),
  /** CSV: file, class, probability, ... for each answer. */
  resultsCsv: call({
    input: byId,
    output: z.object({ fileName: z.string(), mediaType: z.string(), text: z.string() }),
  }),
  /** Past answers that fit, errors left out; `total` stops at 100,000. */
  search: call({
    input: pageSchema.extend({
      className: z.string().exactOptional(),
      /** Of the most probable class. */
      least: z.number().min(0).max(1).exactOptional(),
      most: z.number().min(0).max(1).exactOptional(),
      model: z.string().exactOptional(),
      /** Ms UTC. */
      from: z.int().exactOptional(),
      to: z.int().exactOptional(),
      /** Absolute: files in it and below it. */
      folder: z.string().exactOptional(),
      /** By time, by the probability of the first class, or by its margin over the second, the least first. */
      order: z.enum(['newest', 'sure', 'unsure']).default('newest'),
    }),
    output: z.object({ total: z.int(), results: z.array(folderResultSchema) }),
  }),
  /** Every class that was answered first, and every model that answered. */
  facets: call({
    input: nothing,
    output: z.object({ classes: z.array(z.string()), models: z.array(z.string()) }),
  }),
  /** Everything that was ever answered, newest first. */
  history: call({
    input: pageSchema,
    output: z.object({ total: z.int(), results: z.array(folderResultSchema) }),
  }),
  clearHistory: call({ input: nothing, output: nothing }),
};

export type Photo = z.output<typeof photoSchema>;
export type CropAnswer = z.output<typeof cropAnswerSchema>;
export type PhotoAnswer = z.output<typeof photoAnswerSchema>;
export type Sweep = z.output<typeof sweepSchema>;
export type FolderResult = z.output<typeof folderResultSchema>;
export type FolderResults = z.output<typeof folderResultsSchema>;
