// What the window's shell takes in from outside: its page's requests, and the place that was kept of the last time.
import * as z from 'zod';

export const pickRequestSchema = z.object({
  title: z.string().max(200),
  pick: z.enum(['folder', 'file']),
  files: z.enum(['none', 'images', 'models', 'text', 'all']).default('all'),
  start: z.string().max(4096).default(''),
  many: z.boolean().default(false),
});

const pixels = z.int().min(-100_000).max(100_000);

export const windowStateSchema = z.object({
  x: pixels.exactOptional(),
  y: pixels.exactOptional(),
  width: pixels.positive(),
  height: pixels.positive(),
  maximized: z.boolean(),
});

export type WindowState = z.output<typeof windowStateSchema>;
