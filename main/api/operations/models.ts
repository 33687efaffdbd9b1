// Models: imported ones, and what else can answer.
import * as z from 'zod';
import { nameSchema } from '../datasets.ts';
import { importCorrectionsSchema, modelSchema, recognitionSchema } from '../models.ts';
import { call, nothing } from '../operation.ts';
import { byId, searchSchema } from '../paging.ts';
import { startedJobSchema } from './datasets.ts';

/** An imported model in a list: without the net and the class names. */
export const listedModelSchema = modelSchema
  .pick({
    id: true,
    name: true,
    format: true,
    preset: true,
    parameters: true,
    sizeBytes: true,
    createdAt: true,
  })
  .extend({
    classes: z.int(),
    /** Top-1 error that whoever trained it published; null: not known. */
    publishedTop1: z.number().nullable(),
    /** Top-1 error of its newest evaluation of one crop, or check; null: none yet. */
    measuredTop1: z.number().nullable(),
    measuredOn: z.string().nullable(),
    /** Of so many of its classes; null: of all, or not measured. */
    measuredClasses: z.int().nullable(),
  });

/** What can evaluate and classify. */
export const modelChoiceSchema = z.object({
  /** What other operations take as MODEL. */
  reference: z.string(),
  title: z.string(),
  kind: z.enum(['run', 'model']),
  id: z.string(),
  preset: z.string(),
  /** The data set of a run. */
  datasetId: z.string().nullable(),
  bestTop1Error: z.number().nullable(),
  createdAt: z.int(),
});

/** safetensors, torch.load's zip form, ONNX; labels: class names and preprocessing as JSON. */
export const exportFormatSchema = z.enum(['safetensors', 'pytorch', 'onnx', 'labels']);

export const modelsOperations = {
  /** By name. */
  list: call({ input: nothing, output: z.array(listedModelSchema) }),
  show: call({ input: byId, output: modelSchema }),
  /** Imported models, then runs that have a checkpoint, newest first, at most 200. */
  choices: call({ input: z.object({ search: searchSchema }), output: z.array(modelChoiceSchema) }),
  /** What a file is taken for, given what the user says of it; reads its headers only. Paths as in import. */
  inspect: call({
    input: importCorrectionsSchema.extend({ file: z.string().min(1) }),
    output: recognitionSchema,
  }),
  /** As a job. `file`, `labels` and `meanFile` are paths on the machine that computes. */
  import: call({
    input: importCorrectionsSchema.extend({
      file: z.string().min(1),
      name: nameSchema,
      /** A data set of as many classes that it is evaluated on afterwards. */
      checkOn: z.string().exactOptional(),
    }),
    output: startedJobSchema,
  }),
  /** As a job; `file` is a path on the machine that computes. */
  export: call({
    input: z.object({
      model: z.string(),
      format: exportFormatSchema.default('safetensors'),
      file: z.string().min(1),
    }),
    output: startedJobSchema,
  }),
  remove: call({ input: byId, output: nothing }),
};

export type ExportFormat = z.output<typeof exportFormatSchema>;
export type ListedModel = z.output<typeof listedModelSchema>;
export type ModelChoice = z.output<typeof modelChoiceSchema>;
