// Sorting classified photos into class folders: a plan that is looked at first, then copying or moving. Nothing is
// ever overwritten or deleted.
import * as z from 'zod';
import { call } from '../operation.ts';
import { byId, pageSchema } from '../paging.ts';
import { startedJobSchema } from './datasets.ts';

export const sortSettingsSchema = z.object({
  /** Absolute; class folders are made in it. */
  to: z.string().min(1),
  /** The least probability of the first class. */
  threshold: z.number().min(0).max(1).default(0.8),
  mode: z.enum(['copy', 'move']).default('copy'),
  /** Photos below the threshold stay where they are, or go into a folder of their own, "unsure". */
  unsure: z.enum(['leave', 'folder']).default('leave'),
  /** Where a file of that name is there already: a number is added to the name, or the photo is left. */
  collisions: z.enum(['number', 'skip']).default('number'),
});

export const sortedFileStateSchema = z.enum(['planned', 'left', 'begun', 'done', 'skipped', 'failed']);

export const sortedFileSchema = z.object({
  source: z.string(),
  /** Null: it stays. */
  target: z.string().nullable(),
  /** The class folder; empty: none. */
  folder: z.string(),
  sizeBytes: z.number(),
  state: sortedFileStateSchema,
  /** A collision, or why it was left, skipped or failed. */
  note: z.string(),
});

/** A line of the list of what a sorting did: enough to take it back. Paths are absolute. */
export const sortedLineSchema = z.object({
  done: z.enum(['moved', 'copied']),
  from: z.string().min(1),
  to: z.string().min(1),
  /** Of the photo, and its time of change, ms UTC; null where the line has none. */
  sizeBytes: z.number().nullable().default(null),
  modifiedAt: z.number().nullable().default(null),
});

export const sortSummarySchema = z.object({
  id: z.string(),
  sweepId: z.string(),
  settings: sortSettingsSchema,
  /** By folder, what goes there. */
  folders: z.array(z.object({ folder: z.string(), files: z.int(), sizeBytes: z.number() })),
  /** In all that goes somewhere. */
  files: z.int(),
  sizeBytes: z.number(),
  /** Of those: they get a number, as a file of their name is there already. */
  collisions: z.int(),
  /** What stays, by the reason. */
  left: z.array(z.object({ note: z.string(), files: z.int() })),
  /** What was sorted, was to be put back and was not, by the reason. */
  notPutBack: z.array(z.object({ note: z.string(), files: z.int() })),
  /** What became of those that go somewhere. */
  done: z.int(),
  skipped: z.int(),
  failed: z.int(),
  /** What must be written: nothing where files only move on their own disk. */
  writtenBytes: z.number(),
  /** On the disk they go to; null: the system does not say. */
  freeBytes: z.number().nullable(),
  /** JSON lines in the target folder, one a photo that was copied or moved: from where to where. Written by apply. */
  list: z.string(),
  createdAt: z.int(),
  /** Ms UTC; null: only planned. */
  appliedAt: z.int().nullable(),
});

export const sortingOperations = {
  /** Looks at every photo and at what is there; touches nothing. */
  plan: call({
    input: z.object({ sweepId: z.string(), settings: sortSettingsSchema }),
    output: sortSummarySchema,
  }),
  show: call({ input: byId, output: sortSummarySchema }),
  /** By source. */
  files: call({
    input: pageSchema.extend({
      id: z.string(),
      state: sortedFileStateSchema.exactOptional(),
      folder: z.string().exactOptional(),
    }),
    output: z.object({ total: z.int(), files: z.array(sortedFileSchema) }),
  }),
  /** Copies or moves as planned, as a job; the same again goes on where it was stopped. */
  apply: call({ input: byId, output: startedJobSchema }),
  /** Moves photos back and takes copies away, as a job; nothing is overwritten, and what has changed since is left. */
  undo: call({ input: byId, output: startedJobSchema }),
};

export type SortSettings = z.output<typeof sortSettingsSchema>;
export type SortedFileState = z.output<typeof sortedFileStateSchema>;
export type SortedFile = z.output<typeof sortedFileSchema>;
export type SortedLine = z.output<typeof sortedLineSchema>;
export type SortSummary = z.output<typeof sortSummarySchema>;
