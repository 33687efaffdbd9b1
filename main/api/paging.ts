// Pages of long lists: by offset, so that a virtual list can show any part of one.
import * as z from 'zod';

export const pageSchema = z.object({
  offset: z.int().nonnegative().default(0),
  limit: z.int().min(1).max(1000).default(100),
});

/** One thing by its id. */
export const byId = z.object({ id: z.string() });

/** What a search box holds; empty: everything. */
export const searchSchema = z.string().max(200).default('');

export type Page = z.output<typeof pageSchema>;
