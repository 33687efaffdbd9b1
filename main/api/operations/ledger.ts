// The ledger: the paper's claims, plans to measure them here, and what came of it.
import * as z from 'zod';
import {
  claimIdSchema,
  claimSchema,
  ledgerFileSchema,
  ledgerPlanSchema,
  ledgerSchema,
  ledgerSettingsSchema,
  ledgerTimeSchema,
} from '../ledger.ts';
import { call, nothing } from '../operation.ts';
import { byId } from '../paging.ts';
import { referenceResultSchema, truthSchema } from '../reference.ts';
import { curveSchema, runSchema } from '../runs.ts';
import { exportedFileSchema } from './evaluations.ts';

/** A row looked at closely. */
export const ledgerDetailSchema = z.object({
  /** Every setting in which the two recipes differ. */
  differences: z.array(z.object({ field: z.string(), baseline: z.unknown(), variant: z.unknown() })),
  curves: z.array(
    z.object({ side: z.enum(['baseline', 'variant']), seed: z.int(), run: runSchema, curve: curveSchema }),
  ),
});

export const ledgerOperations = {
  /** Every row, with the paper's and the author's numbers. */
  claims: call({ input: nothing, output: z.array(claimSchema) }),
  /** What the paper says and what its code did. */
  truths: call({ input: nothing, output: z.array(truthSchema) }),
  /** The published errors. */
  results: call({ input: nothing, output: z.array(referenceResultSchema) }),
  /** Newest first. */
  plans: call({ input: nothing, output: z.array(ledgerPlanSchema) }),
  /** Measurements that come with the application. */
  shipped: call({ input: nothing, output: z.array(ledgerFileSchema) }),
  show: call({ input: byId, output: ledgerSchema }),
  detail: call({ input: byId.extend({ row: claimIdSchema }), output: ledgerDetailSchema }),
  /** What such a plan would still need. Throws INVALID_CONFIG, NOT_FOUND, ... */
  preview: call({ input: ledgerSettingsSchema, output: ledgerTimeSchema }),
  /** Makes or extends the plan of these settings and queues what is missing, now and as soon as it can be. */
  start: call({ input: ledgerSettingsSchema, output: z.object({ planId: z.string() }) }),
  /** Queues again what is missing, runs that were stopped or failed among it. */
  resume: call({ input: byId, output: nothing }),
  /** Takes its jobs out of the queue and stops its training, with a checkpoint. */
  cancel: call({ input: byId, output: nothing }),
  /** Its runs stay. */
  remove: call({ input: byId, output: nothing }),
  export: call({
    input: byId.extend({ format: z.enum(['json', 'csv', 'html', 'md']) }),
    output: exportedFileSchema,
  }),
};

export type LedgerDetail = z.output<typeof ledgerDetailSchema>;
