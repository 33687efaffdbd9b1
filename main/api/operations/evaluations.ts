// Evaluations: make one, read its report part by part.
import * as z from 'zod';
import { splitSchema } from '../datasets.ts';
import { cropsSchema, evaluationMemberSchema, evaluationSchema, tiesSchema } from '../evaluation.ts';
import { call, nothing } from '../operation.ts';
import { byId, pageSchema, searchSchema } from '../paging.ts';
import { namedPredictionSchema } from '../predictions.ts';
import { startedJobSchema } from './datasets.ts';

/** An evaluation with what it was of, for people: "alexnet on birds, step 400", "alpha + beta on birds". */
export const listedEvaluationSchema = evaluationSchema.extend({ title: z.string() });

export const classResultSchema = z.object({
  label: z.int(),
  name: z.string(),
  images: z.int(),
  /** Fractions 0..1; null where the split has no image of the class. */
  top1Error: z.number().nullable(),
  top5Error: z.number().nullable(),
  /** Share of the answers 'this class' that are right; null where it was never answered. */
  precision: z.number().nullable(),
  /** The class that it is most often taken for. */
  mistakenFor: z.object({ label: z.int(), name: z.string(), count: z.int() }).nullable(),
});

export const confusedPairSchema = z.object({
  true: z.int(),
  answered: z.int(),
  trueName: z.string(),
  answeredName: z.string(),
  count: z.int(),
  /** Share of the true class's images. */
  share: z.number(),
});

/** Answers whose probability lies in [from, to). */
export const calibrationBinSchema = z.object({
  from: z.number(),
  to: z.number(),
  images: z.int(),
  /** Means over the bin; null where it is empty. */
  probability: z.number().nullable(),
  accuracy: z.number().nullable(),
});

export const evaluationReportSchema = listedEvaluationSchema.extend({
  /** What was averaged; empty where it is one model's. */
  averaged: z.array(evaluationMemberSchema),
  /** Of an average: each once. */
  presets: z.array(z.string()),
  /** Of an average: together. */
  parameters: z.int(),
  /** Class names in class order. */
  names: z.array(z.string()),
  /** Top-1 error of guessing. */
  chance: z.number(),
  /** The most frequent mistakes, at most 50. */
  pairs: z.array(confusedPairSchema),
  calibration: z.array(calibrationBinSchema),
  /** Expected calibration error: mean distance of probability and accuracy, 0..1. */
  calibrationError: z.number(),
  /** False: the data set is gone or was packed anew, so that images cannot be shown. */
  imagesShown: z.boolean(),
});

/** A part of the confusion table; where it has more than `cells` rows or columns, several share a cell. */
export const confusionMapSchema = z.object({
  classes: z.int(),
  fromRow: z.int(),
  toRow: z.int(),
  fromColumn: z.int(),
  toColumn: z.int(),
  /** Classes a cell, each way. */
  classesPerCell: z.int(),
  /** [row, column, images, share of the row's images], cells counted from the part's corner; images > 0. */
  cells: z.array(z.tuple([z.int(), z.int(), z.int(), z.number()])),
});

export const evaluatedImageSchema = z.object({
  record: z.int(),
  label: z.int(),
  className: z.string(),
  /** Relative to the split's folder. */
  path: z.string(),
  /** The five best, the most probable first. */
  answers: z.array(namedPredictionSchema),
  trueProbability: z.number(),
  /** A path below the origin. */
  image: z.string(),
});

export const evaluatedImagesSchema = z.object({
  total: z.int(),
  images: z.array(evaluatedImageSchema),
});

/** Who has an image right: of two evaluations, A and B. */
export const comparedCellSchema = z.enum(['both', 'onlyA', 'onlyB', 'neither']);

const comparedCountsSchema = z.object({ both: z.int(), onlyA: z.int(), onlyB: z.int(), neither: z.int() });

export const comparedClassSchema = comparedCountsSchema.extend({ label: z.int(), name: z.string() });

export const evaluationComparisonSchema = z.object({
  a: listedEvaluationSchema,
  b: listedEvaluationSchema,
  counts: comparedCountsSchema,
  /** McNemar's exact test: of so uneven a split if both were equally good, 0..1. */
  probability: z.number(),
  /** That in words, of A and B. */
  meaning: z.string(),
  /** Where the two differ most first. */
  classes: z.array(comparedClassSchema),
});

/** The ten crops of an image, each with its own answers, and the answers of their average. */
export const evaluatedCropsSchema = z.object({
  predictions: z.array(namedPredictionSchema),
  /** `image`: a path below the origin. */
  crops: z.array(
    z.object({
      top: z.int(),
      left: z.int(),
      mirror: z.boolean(),
      image: z.string(),
      predictions: z.array(namedPredictionSchema),
    }),
  ),
});

/** An image with what both answered. */
export const comparedImageSchema = evaluatedImageSchema.extend({ other: z.array(namedPredictionSchema) });

export const exportedFileSchema = z.object({
  fileName: z.string(),
  mediaType: z.string(),
  text: z.string(),
});

const twoEvaluations = z.object({ a: z.string(), b: z.string() });

/** Models that are averaged at once. */
export const mostAveraged = 50;

export const evaluationsOperations = {
  /** Newest first. */
  list: call({
    input: pageSchema.extend({
      runId: z.string().exactOptional(),
      modelId: z.string().exactOptional(),
      datasetId: z.string().exactOptional(),
    }),
    output: z.object({ total: z.int(), evaluations: z.array(listedEvaluationSchema) }),
  }),
  /** As a job, whose result is the evaluation's id. Throws what makes no sense at once. */
  start: call({
    input: z.object({
      /** See models.choices. Several, with the same classes: each by itself, and the average of their softmax
       * outputs, which is the job's result. */
      models: z.array(z.string()).min(1).max(mostAveraged),
      datasetId: z.string(),
      split: splitSchema.default('val'),
      crops: cropsSchema.default(1),
      ties: tiesSchema.default('first'),
    }),
    output: startedJobSchema,
  }),
  show: call({ input: byId, output: evaluationReportSchema }),
  classes: call({
    input: pageSchema.extend({
      id: z.string(),
      search: searchSchema,
      sort: z.enum(['label', 'name', 'images', 'top1Error', 'top5Error', 'precision']).default('top1Error'),
      descending: z.boolean().default(true),
    }),
    output: z.object({ total: z.int(), classes: z.array(classResultSchema) }),
  }),
  pairs: call({
    input: pageSchema.extend({ id: z.string(), search: searchSchema }),
    output: z.object({ total: z.int(), pairs: z.array(confusedPairSchema) }),
  }),
  /** Rows and columns are labels, [from, to). */
  confusion: call({
    input: byId.extend({
      fromRow: z.int().nonnegative().default(0),
      toRow: z.int().nonnegative().exactOptional(),
      fromColumn: z.int().nonnegative().default(0),
      toColumn: z.int().nonnegative().exactOptional(),
      cells: z.int().min(10).max(400).default(200),
    }),
    output: confusionMapSchema,
  }),
  /** `confident`: wrong answers, the surest first. `hardest`: the least probability for the truth. */
  images: call({
    input: pageSchema.extend({
      id: z.string(),
      of: z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('confident') }),
        z.object({ kind: z.literal('hardest') }),
        z.object({ kind: z.literal('class'), label: z.int() }),
        z.object({ kind: z.literal('cell'), true: z.int(), answered: z.int() }),
        /** A calibration bin, by its place in the list. */
        z.object({ kind: z.literal('bin'), bin: z.int().nonnegative() }),
      ]),
    }),
    output: evaluatedImagesSchema,
  }),
  /** Asks the model again. Throws NOT_FOUND where the image or the checkpoint is gone, INVALID_ARGUMENT for an average. */
  crops: call({ input: byId.extend({ record: z.int().nonnegative() }), output: evaluatedCropsSchema }),
  /** Image by image. Throws INVALID_ARGUMENT where they are not of the same images. */
  compare: call({ input: twoEvaluations, output: evaluationComparisonSchema }),
  /** The images of a cell, of one class where it is given; those first that the two are surest of. */
  comparedImages: call({
    input: pageSchema.extend({
      ...twoEvaluations.shape,
      cell: comparedCellSchema,
      label: z.int().nonnegative().exactOptional(),
    }),
    output: z.object({ total: z.int(), images: z.array(comparedImageSchema) }),
  }),
  /** CSV, one row an image. */
  exportComparison: call({ input: twoEvaluations, output: exportedFileSchema }),
  export: call({
    input: byId.extend({ format: z.enum(['html', 'csv', 'json']) }),
    output: exportedFileSchema,
  }),
  remove: call({ input: byId, output: nothing }),
};

export type ListedEvaluation = z.output<typeof listedEvaluationSchema>;
export type ClassResult = z.output<typeof classResultSchema>;
export type ConfusedPair = z.output<typeof confusedPairSchema>;
export type CalibrationBin = z.output<typeof calibrationBinSchema>;
export type EvaluationReport = z.output<typeof evaluationReportSchema>;
export type ConfusionMap = z.output<typeof confusionMapSchema>;
export type EvaluatedImage = z.output<typeof evaluatedImageSchema>;
export type EvaluatedImages = z.output<typeof evaluatedImagesSchema>;
export type EvaluatedCrops = z.output<typeof evaluatedCropsSchema>;
export type ComparedCell = z.output<typeof comparedCellSchema>;
export type ComparedClass = z.output<typeof comparedClassSchema>;
export type ComparedImage = z.output<typeof comparedImageSchema>;
export type EvaluationComparison = z.output<typeof evaluationComparisonSchema>;
export type ExportedFile = z.output<typeof exportedFileSchema>;
