// The application as a whole: what it is, what changed, its settings.
import * as z from 'zod';
import { call, nothing, stream } from '../operation.ts';

export const studioInfoSchema = z.object({
  version: z.string(),
  /** Of this start of the application: another one means that everything shown may be stale. */
  instance: z.string(),
  /** True: its screens are in a browser, so folders are picked with folders.list. */
  remote: z.boolean(),
  dataDirectory: z.string(),
  /** Of the user who runs it: what ~ means in paths that are typed. */
  homeDirectory: z.string(),
  /** On the data directory's disk. */
  freeBytes: z.number(),
  /** Empty where the engine does not load; then engineProblem says why. */
  formats: z.array(z.string()),
  engineProblem: z.string(),
  startedAt: z.int(),
});

export const changeTopicSchema = z.enum([
  'connected',
  'datasets',
  'runs',
  'jobs',
  'evaluations',
  'ledger',
  'models',
  'photos',
  'predictions',
  'labels',
  'sortings',
  'watches',
  'augmentations',
  'settings',
  'indexes',
]);

/** Something changed: read it again. The first event of every stream is `connected`, its id the instance. */
export const changeSchema = z.object({
  topic: changeTopicSchema,
  /** What changed; null: several, or the list itself. */
  id: z.string().nullable(),
});

export const settingsSchema = z.object({
  theme: z.enum(['system', 'light', 'dark']).default('system'),
  /** For new runs and evaluations; 0: all cores. */
  threads: z.int().min(0).max(1024).default(0),
  /** Checkpoints that a new run keeps besides the best. */
  keepLast: z.int().min(1).max(1000).default(2),
  /** Days that the history of classified photos goes back; 0: for ever. */
  historyDays: z.int().min(0).max(36_500).default(0),
  /** What the screens remember: columns, sizes of panes. */
  layout: z.record(z.string(), z.json()).default({}),
});

export const settingsChangeSchema = z.object({
  theme: z.enum(['system', 'light', 'dark']).exactOptional(),
  threads: z.int().min(0).max(1024).exactOptional(),
  keepLast: z.int().min(1).max(1000).exactOptional(),
  historyDays: z.int().min(0).max(36_500).exactOptional(),
  layout: z.record(z.string(), z.json()).exactOptional(),
});

export const storageSchema = z.object({
  freeBytes: z.number(),
  databaseBytes: z.number(),
  datasets: z.array(z.object({ id: z.string(), name: z.string(), sizeBytes: z.number() })),
  runs: z.array(z.object({ id: z.string(), name: z.string(), sizeBytes: z.number() })),
  models: z.array(z.object({ id: z.string(), name: z.string(), sizeBytes: z.number() })),
  photosBytes: z.number(),
});

export const studioOperations = {
  info: call({ input: nothing, output: studioInfoSchema }),
  /** For as long as it is read; every list on a screen refreshes by it. */
  changes: stream({ input: nothing, output: changeSchema }),
  settings: call({ input: nothing, output: settingsSchema }),
  /** Gives all settings back. */
  changeSettings: call({ input: settingsChangeSchema, output: settingsSchema }),
  /** What everything takes on the disk, the largest first. */
  storage: call({ input: nothing, output: storageSchema }),
};

export type StudioInfo = z.output<typeof studioInfoSchema>;
export type ChangeTopic = z.output<typeof changeTopicSchema>;
export type Change = z.output<typeof changeSchema>;
export type Settings = z.output<typeof settingsSchema>;
export type SettingsChange = z.output<typeof settingsChangeSchema>;
export type Storage = z.output<typeof storageSchema>;
