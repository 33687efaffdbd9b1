// Watched folders: what arrives in them is classified, for as long as the application runs and after every start.
import * as z from 'zod';
import { cropsSchema } from '../evaluation.ts';
import { call, nothing } from '../operation.ts';
import { byId } from '../paging.ts';

export const watchSchema = z.object({
  id: z.string(),
  /** Its answers: see classify.results. */
  sweepId: z.string(),
  folder: z.string(),
  model: z.string(),
  crops: cropsSchema,
  state: z.enum(['off', 'watching', 'classifying', 'missing', 'failed']),
  /** Why it failed; it is tried again by itself. */
  reason: z.string(),
  /** Files that still grow. */
  growing: z.int(),
  /** In all, and those that could not be read. */
  files: z.int(),
  failed: z.int(),
  /** Since the application was started. */
  answered: z.int(),
  createdAt: z.int(),
});

export const watchesOperations = {
  list: call({ input: nothing, output: z.array(watchSchema) }),
  /** An absolute folder; it need not be there yet. */
  add: call({
    input: z.object({
      folder: z.string().min(1),
      model: z.string(),
      top: z.int().min(1).max(100).default(5),
      crops: cropsSchema.default(1),
    }),
    output: z.object({ id: z.string() }),
  }),
  setActive: call({ input: byId.extend({ active: z.boolean() }), output: nothing }),
  /** The answers stay. */
  remove: call({ input: byId, output: nothing }),
};

export type Watch = z.output<typeof watchSchema>;
