// Data sets: add, look at, verify, remove.
import * as z from 'zod';
import {
  datasetClassSchema,
  datasetSchema,
  imageSchema,
  skippedFileSchema,
  splitSchema,
} from '../datasets.ts';
import { call, nothing } from '../operation.ts';
import { byId, pageSchema, searchSchema } from '../paging.ts';
import { runStateSchema } from '../runs.ts';

const folder = z.string().min(1);

export const addDatasetSchema = z.object({
  name: z.string(),
  /** Absolute folders on the machine that computes; one folder a class below them. */
  train: folder,
  /** A list of training photos with their classes; `train` then needs no class folders. */
  trainLabels: z.string().exactOptional(),
  val: folder.exactOptional(),
  /** Labels of a flat validation folder. */
  valLabels: z.string().exactOptional(),
  /** Devkit ids to class folders. */
  valMap: z.string().exactOptional(),
  /** Share of every class that is held out of the training folder; not together with val. */
  valFraction: z.number().gt(0).lt(1).exactOptional(),
});

/** A folder that a data set might be made from. */
export const folderLookSchema = z.object({
  /** Its sub-folders, and the first of their names. */
  folders: z.int().nonnegative(),
  first: z.array(z.string()),
  /** Not null where they are no classes but the splits of a data set; `flat`: photos without class folders. */
  splits: z
    .object({ train: z.string(), val: z.object({ folder: z.string(), flat: z.boolean() }).nullable() })
    .nullable(),
});

/** A job that was put into the queue. */
export const startedJobSchema = z.object({ jobId: z.string() });

export const datasetOverviewSchema = datasetSchema.extend({
  skippedFiles: z.object({ train: z.int().nonnegative(), val: z.int().nonnegative() }),
  /** Runs trained on it, newest first, at most 100 ... */
  runs: z.array(z.object({ id: z.string(), name: z.string(), state: runStateSchema, createdAt: z.int() })),
  /** ... of so many. */
  runCount: z.int().nonnegative(),
  /** The job that packs or verifies it now. */
  jobId: z.string().nullable(),
  /** Why its images cannot be read any more, its files having vanished say; empty: they can. */
  problem: z.string(),
});

export const classPageSchema = z.object({
  /** Classes that the search fits. */
  total: z.int().nonnegative(),
  classes: z.array(datasetClassSchema),
});

/** Images a class in label order. */
export const classBalanceSchema = z.object({ train: z.array(z.int()), val: z.array(z.int()) });

export const datasetImageSchema = imageSchema.extend({ className: z.string() });

export const imagePageSchema = z.object({
  total: z.int().nonnegative(),
  images: z.array(datasetImageSchema),
});

export const skippedPageSchema = z.object({
  total: z.int().nonnegative(),
  files: z.array(skippedFileSchema),
  /** All reasons and how often each, the most frequent first. */
  codes: z.array(z.object({ code: z.string(), count: z.int() })),
});

/** A file as its header describes it. */
export const imageFileSchema = z.object({
  format: z.string(),
  /** As stored, before orientation. */
  width: z.int(),
  height: z.int(),
  /** EXIF, 1..8. */
  orientation: z.int(),
  colour: z.string(),
  sizeBytes: z.number(),
});

export const imageInfoSchema = datasetImageSchema.extend({
  classFolder: z.string(),
  /** Where the original lies. */
  file: z.string(),
  /** Null where the original is gone or changed into something unreadable; then problem says so. */
  original: imageFileSchema.nullable(),
  problem: z.string(),
});

/** Records whose packed pixels are the same, byte for byte. */
export const duplicateGroupSchema = z.object({ images: z.array(datasetImageSchema) });

export const duplicatesSchema = z.object({
  /** Ms UTC; null: nobody has looked yet, findDuplicates does. */
  foundAt: z.int().nullable(),
  /** Groups in all, and the images in them beyond the first of each. */
  groups: z.int(),
  surplus: z.int(),
  /** Groups with images of both splits: they make validation look better than it is. */
  acrossSplits: z.int(),
  page: z.array(duplicateGroupSchema),
});

export const datasetRemovalSchema = z.object({
  name: z.string(),
  /** What is freed on the disk. */
  sizeBytes: z.number(),
  images: z.int(),
  /** Runs that stay, but cannot be resumed afterwards. */
  runs: z.array(z.object({ id: z.string(), name: z.string(), state: runStateSchema })),
  runCount: z.int(),
  /** Why it cannot be removed now; empty: it can. */
  blocked: z.string(),
});

export const datasetsOperations = {
  /** By name. */
  list: call({ input: nothing, output: z.array(datasetSchema) }),
  show: call({ input: byId, output: datasetOverviewSchema }),
  /** What a folder would be as a training folder. */
  look: call({ input: z.object({ folder }), output: folderLookSchema }),
  /** Scans and packs, as a job. */
  add: call({ input: addDatasetSchema, output: startedJobSchema }),
  /** Draws the sample pictures and packs them, as a job. */
  addSample: call({ input: nothing, output: startedJobSchema }),
  /** Continues a data set whose packing was stopped, with the folders it was added with. */
  resume: call({ input: byId, output: startedJobSchema }),
  classes: call({
    input: pageSchema.extend({
      id: z.string(),
      /** In names and folders (wnids). */
      search: searchSchema,
      sort: z.enum(['label', 'name', 'folder', 'trainImages', 'valImages']).default('label'),
      descending: z.boolean().default(false),
    }),
    output: classPageSchema,
  }),
  balance: call({ input: byId, output: classBalanceSchema }),
  /** In record order within a class, classes in label order. */
  images: call({
    input: pageSchema.extend({
      id: z.string(),
      split: splitSchema,
      /** Of this class only. */
      label: z.int().nonnegative().exactOptional(),
      /** Of classes whose name or folder fits. */
      search: searchSchema,
    }),
    output: imagePageSchema,
  }),
  image: call({
    input: z.object({ id: z.string(), split: splitSchema, record: z.int().nonnegative() }),
    output: imageInfoSchema,
  }),
  skipped: call({
    input: pageSchema.extend({
      id: z.string(),
      split: splitSchema.exactOptional(),
      code: z.string().exactOptional(),
    }),
    output: skippedPageSchema,
  }),
  /** What the last search found. */
  duplicates: call({ input: pageSchema.extend({ id: z.string() }), output: duplicatesSchema }),
  /** Compares all records, as a job. */
  findDuplicates: call({ input: byId, output: startedJobSchema }),
  /** Reads every byte, as a job. */
  verify: call({ input: byId, output: startedJobSchema }),
  /** What remove would do. */
  removal: call({ input: byId, output: datasetRemovalSchema }),
  /** `force`: also where runs were trained on it. */
  remove: call({ input: byId.extend({ force: z.boolean().default(false) }), output: nothing }),
};

export type AddDataset = z.output<typeof addDatasetSchema>;
export type FolderLook = z.output<typeof folderLookSchema>;
export type DatasetOverview = z.output<typeof datasetOverviewSchema>;
export type ClassPage = z.output<typeof classPageSchema>;
export type ClassBalance = z.output<typeof classBalanceSchema>;
export type DatasetImage = z.output<typeof datasetImageSchema>;
export type ImagePage = z.output<typeof imagePageSchema>;
export type SkippedPage = z.output<typeof skippedPageSchema>;
export type ImageFile = z.output<typeof imageFileSchema>;
export type ImageInfo = z.output<typeof imageInfoSchema>;
export type Duplicates = z.output<typeof duplicatesSchema>;
export type DatasetRemoval = z.output<typeof datasetRemovalSchema>;
