// The queue: everything that takes long. One training a device at a time, one evaluation, one data set; the others
// wait in order. The queue is kept over a restart of the application; what ran then is `interrupted`, as is work whose
// engine died.
import * as z from 'zod';
import { call, nothing, stream } from '../operation.ts';
import { byId } from '../paging.ts';

export const jobKindSchema = z.enum([
  'train',
  'evaluate',
  'classify',
  'sortPhotos',
  'addDataset',
  'verifyDataset',
  'findDuplicates',
  'buildIndex',
  'importModel',
  'exportModel',
]);

export const jobStateSchema = z.enum([
  'queued',
  'running',
  'paused',
  'done',
  'failed',
  'cancelled',
  'interrupted',
]);

export const jobProgressSchema = z.object({
  /** What it does now: "scanning", "packing the training split", ... */
  phase: z.string(),
  /** Of `total`: images, steps, files; total null: not known. */
  done: z.number(),
  total: z.number().nullable(),
  unit: z.enum(['images', 'steps', 'files', 'bytes']),
  perSecond: z.number().nullable(),
  remainingMs: z.number().nullable(),
});

export const jobErrorSchema = z.object({ code: z.string(), message: z.string() });

export const jobSchema = z.object({
  id: z.string(),
  kind: jobKindSchema,
  /** For people: "Train alexnet on birds". */
  title: z.string(),
  state: jobStateSchema,
  /** What it works on: a run's, data set's, model's id; null where there is none. */
  subject: z.string().nullable(),
  /** What it made: an evaluation's, model's, data set's id. */
  result: z.string().nullable(),
  /** Null unless it runs or is paused. */
  progress: jobProgressSchema.nullable(),
  /** Null unless it failed or was interrupted. */
  error: jobErrorSchema.nullable(),
  /** Files or photos that were left out, for kinds that go on without them. */
  skipped: z.int().nonnegative(),
  canPause: z.boolean(),
  createdAt: z.int(),
  startedAt: z.int().nullable(),
  endedAt: z.int().nullable(),
});

export const jobsOperations = {
  /** Running ones, then the queue in its order, then those that ended, newest first, at most 100 of them. */
  list: call({ input: nothing, output: z.array(jobSchema) }),
  /** Every unfinished job at once, then each job as it changes; progress at most ten times a second. */
  watch: stream({ input: nothing, output: jobSchema }),
  /** Training stops with a checkpoint; packing keeps what it has done; a queued run is removed. */
  cancel: call({ input: byId, output: nothing }),
  /** Training and packing. */
  pause: call({ input: byId, output: nothing }),
  resume: call({ input: byId, output: nothing }),
  /** Puts a queued job before another; null: to the end. */
  move: call({ input: byId.extend({ before: z.string().nullable() }), output: nothing }),
  /** Takes ended jobs out of the list. */
  clear: call({ input: nothing, output: nothing }),
};

export type JobKind = z.output<typeof jobKindSchema>;
export type JobState = z.output<typeof jobStateSchema>;
export type JobProgress = z.output<typeof jobProgressSchema>;
export type Job = z.output<typeof jobSchema>;
