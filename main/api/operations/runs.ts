// Runs: start, watch, steer, look at, compare, delete.
import * as z from 'zod';
import { nameSchema } from '../datasets.ts';
import { call, nothing, stream } from '../operation.ts';
import { byId, pageSchema, searchSchema } from '../paging.ts';
import { parallelismSchema, precisionSchema, runConfigSchema } from '../run-config.ts';
import {
  checkpointSchema,
  curveSchema,
  metricSchema,
  runDetailSchema,
  runEventSchema,
  runSchema,
  runStateSchema,
  validationSchema,
} from '../runs.ts';
import { commandSchema } from '../training.ts';
import { startedJobSchema } from './datasets.ts';
import { exportedFileSchema } from './evaluations.ts';

export const runSortSchema = z.enum([
  'createdAt',
  'name',
  'state',
  'datasetName',
  'preset',
  'step',
  'loss',
  'bestTop1Error',
  'parameters',
  'startedAt',
  'endedAt',
]);

export const runListSchema = pageSchema.extend({
  /** In names, notes, tags, presets and data sets. */
  search: searchSchema,
  states: z.array(runStateSchema).exactOptional(),
  datasetId: z.string().exactOptional(),
  preset: z.string().exactOptional(),
  tag: z.string().exactOptional(),
  starred: z.boolean().exactOptional(),
  sort: runSortSchema.default('createdAt'),
  descending: z.boolean().default(true),
});

export const runPageSchema = z.object({ total: z.int().nonnegative(), runs: z.array(runSchema) });

export const runFacetsSchema = z.object({
  total: z.int(),
  tags: z.array(z.object({ tag: z.string(), count: z.int() })),
  presets: z.array(z.object({ preset: z.string(), count: z.int() })),
  states: z.array(z.object({ state: runStateSchema, count: z.int() })),
});

export const runOverviewSchema = runDetailSchema.extend({
  /** This application trains it now and can steer it. */
  steerable: z.boolean(),
  /** Of its checkpoint file. */
  sizeBytes: z.number(),
  /** Its job, queued or running. */
  jobId: z.string().nullable(),
});

/** What happened since the batch before, all of it stored. Nothing comes twice and nothing is left out. */
export const runBatchSchema = z.object({
  /** Null where it did not change. */
  run: runSchema.nullable(),
  metrics: z.array(metricSchema),
  validations: z.array(validationSchema),
  events: z.array(runEventSchema),
  /** So many steps after `afterStep` were left out since they are too many: read the curve. */
  gap: z.object({ fromStep: z.int(), toStep: z.int() }).nullable(),
});

export const watchRunSchema = byId.extend({
  /** The last step known; validations of that very step come again. Not given: only what is new. */
  afterStep: z.int().nonnegative().exactOptional(),
  /** The last event known, by its id. */
  afterEvent: z.int().nonnegative().exactOptional(),
});

export const comparisonSchema = z.object({
  runs: z.array(runSchema),
  /** Every field of the configurations that is not the same in all, with its value in each (undefined: not set). */
  differences: z.array(z.object({ field: z.string(), values: z.array(z.unknown()) })),
  /** One a run, in the same order. */
  curves: z.array(curveSchema),
});

export const startRunSchema = z.object({
  datasetId: z.string(),
  config: runConfigSchema,
  name: nameSchema.exactOptional(),
  /** MODEL whose weights it starts from, see models.choices. */
  init: z.string().exactOptional(),
  /** Whose mean and gain pixels take; a run that starts from a model takes the model's by default. */
  preprocessing: z.enum(['model', 'dataset']).exactOptional(),
  /** The id of the named augmentation settings that it was made with, for the run's notes. */
  augmentation: z.string().exactOptional(),
});

export const runRemovalSchema = z.object({
  runs: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      sizeBytes: z.number(),
      checkpoints: z.int(),
      evaluations: z.int(),
      /** Why it cannot be deleted now; empty: it can. */
      blocked: z.string(),
    }),
  ),
  sizeBytes: z.number(),
});

/** A finding of the doctor: what it sees, by which numbers, and what to do. */
export const findingSchema = z.object({
  code: z.enum([
    'notFinite',
    'stuckAtChance',
    'starvedForData',
    'overfitting',
    'stalled',
    'rateTooHigh',
    'slowExchange',
    'healthy',
    'tooEarly',
  ]),
  severity: z.enum(['good', 'notice', 'warning', 'bad']),
  title: z.string(),
  evidence: z.string(),
  advice: z.string(),
});

/** 'best', 'last' or a step. */
export const whichCheckpointSchema = z.union([z.literal('best'), z.literal('last'), z.int().nonnegative()]);

export const layerStatisticsSchema = z.object({
  layer: z.string(),
  weights: z.int(),
  weightMean: z.number(),
  weightDeviation: z.number(),
  /** Root mean square. */
  weightRms: z.number(),
  biasMean: z.number(),
  /** Root mean square of the last update (the velocity) over that of the weights. */
  updateRatio: z.number().nullable(),
  /** Output units whose weights are all but gone: norm below a hundredth of the layer's median. */
  faintUnits: z.int(),
  units: z.int(),
});

export const runLayersSchema = z.object({
  checkpoint: checkpointSchema,
  layers: z.array(layerStatisticsSchema),
});

/** A picture of the first convolution's kernels. */
export const kernelPictureSchema = z.object({
  layer: z.string(),
  kernels: z.int(),
  size: z.int(),
  columns: z.int(),
  /** Tiles a row of the picture; one pixel between tiles; column 0 above, column 1 below. */
  perRow: z.int(),
  width: z.int(),
  height: z.int(),
  /** A path below the origin: PNG, each kernel scaled to its own range. */
  image: z.string(),
});

export const kernelsSchema = kernelPictureSchema.extend({ checkpoint: checkpointSchema });

/** After `step` completed steps. */
export const liveKernelsSchema = kernelPictureSchema.extend({ step: z.int().nonnegative() });

/** The first convolution's kernels over the epochs (paper figure 3). */
export const kernelHistorySchema = z.object({
  layer: z.string(),
  kernels: z.int(),
  size: z.int(),
  columns: z.int(),
  perRow: z.int(),
  width: z.int(),
  height: z.int(),
  points: z.array(
    z.object({
      step: z.int(),
      epoch: z.int(),
      /** A path below the origin: PNG. */
      image: z.string(),
      /** By column: the mean over its kernels of the share of their energy that is colour, 0..1. */
      colourShare: z.array(z.number()),
    }),
  ),
});

export const runsOperations = {
  list: call({ input: runListSchema, output: runPageSchema }),
  facets: call({ input: nothing, output: runFacetsSchema }),
  /** Makes the run and queues its training. Throws INVALID_CONFIG, INVALID_SPEC, DEVICE_UNAVAILABLE, ... */
  start: call({ input: startRunSchema, output: startedJobSchema.extend({ runId: z.string() }) }),
  /** The same for the sample data set, with a net that a CPU trains in minutes. Throws DATASET_NOT_READY. */
  startSample: call({ input: nothing, output: startedJobSchema.extend({ runId: z.string() }) }),
  /** Queues it again, from its newest checkpoint; what is given replaces where and how it computes from then on. */
  resume: call({
    input: byId.extend({
      devices: runConfigSchema.shape.devices.unwrap().exactOptional(),
      parallelism: parallelismSchema.exactOptional(),
      precision: precisionSchema.exactOptional(),
      threads: z.int().min(0).max(1024).exactOptional(),
    }),
    output: startedJobSchema,
  }),
  show: call({ input: byId, output: runOverviewSchema }),
  edit: call({
    input: byId.extend({
      name: nameSchema.exactOptional(),
      starred: z.boolean().exactOptional(),
      tags: z.array(z.string().min(1).max(100)).max(100).exactOptional(),
      notes: z.string().max(100_000).exactOptional(),
    }),
    output: runSchema,
  }),
  curve: call({
    input: byId.extend({
      points: z.int().min(1).max(20_000).default(1000),
      fromStep: z.int().nonnegative().exactOptional(),
      toStep: z.int().nonnegative().exactOptional(),
    }),
    output: curveSchema,
  }),
  events: call({
    input: byId.extend({
      after: z.object({ step: z.int(), id: z.int() }).exactOptional(),
      limit: z.int().min(1).max(10_000).default(1000),
    }),
    output: z.array(runEventSchema),
  }),
  checkpoints: call({ input: byId, output: z.array(checkpointSchema) }),
  /** From `afterStep` on, then live; ends after the run has ended and everything of it was told. */
  watch: stream({ input: watchRunSchema, output: runBatchSchema }),
  /** Applied at the next step. Throws NOT_FOUND where this application does not train it, INVALID_ARGUMENT. */
  steer: call({ input: byId.extend({ command: commandSchema }), output: nothing }),
  compare: call({
    input: z.object({
      ids: z.array(z.string()).min(1).max(50),
      points: z.int().min(1).max(5000).default(500),
    }),
    output: comparisonSchema,
  }),
  doctor: call({ input: byId, output: z.array(findingSchema) }),
  /** One HTML file that needs nothing else. `photos`: small pictures of the surest mistakes are in it, too. */
  report: call({ input: byId.extend({ photos: z.boolean().default(false) }), output: exportedFileSchema }),
  /** Of the first convolution, from a checkpoint. Throws NOT_FOUND where there is none yet. */
  kernels: call({
    input: byId.extend({ checkpoint: whichCheckpointSchema.default('last') }),
    output: kernelsSchema,
  }),
  /** Of a run that this application trains, every few seconds; ends with it. Throws NOT_FOUND where it trains none. */
  liveKernels: stream({ input: byId, output: liveKernelsSchema }),
  /** By step: what was kept at the end of each epoch, and the checkpoints. Throws NOT_FOUND where there is none. */
  kernelHistory: call({ input: byId, output: kernelHistorySchema }),
  /** Reads a whole checkpoint: some seconds for a large net the first time. */
  layers: call({
    input: byId.extend({ checkpoint: whichCheckpointSchema.default('last') }),
    output: runLayersSchema,
  }),
  /** What delete would do. */
  removal: call({
    input: z.object({ ids: z.array(z.string()).min(1).max(10_000) }),
    output: runRemovalSchema,
  }),
  /** Throws BUSY where one of them trains: nothing is deleted then. */
  delete: call({ input: z.object({ ids: z.array(z.string()).min(1).max(10_000) }), output: nothing }),
  /** By their ids; the run must not train. Returns what is left. */
  deleteCheckpoints: call({
    input: byId.extend({ checkpointIds: z.array(z.int().positive()).min(1) }),
    output: z.array(checkpointSchema),
  }),
};

export type RunSort = z.output<typeof runSortSchema>;
export type RunList = z.output<typeof runListSchema>;
export type RunPage = z.output<typeof runPageSchema>;
export type RunFacets = z.output<typeof runFacetsSchema>;
export type RunOverview = z.output<typeof runOverviewSchema>;
export type RunBatch = z.output<typeof runBatchSchema>;
export type WatchRun = z.output<typeof watchRunSchema>;
export type RunRemoval = z.output<typeof runRemovalSchema>;
export type Finding = z.output<typeof findingSchema>;
export type WhichCheckpoint = z.output<typeof whichCheckpointSchema>;
export type LayerStatistics = z.output<typeof layerStatisticsSchema>;
export type RunLayers = z.output<typeof runLayersSchema>;
export type KernelHistory = z.output<typeof kernelHistorySchema>;
export type Kernels = z.output<typeof kernelsSchema>;
export type LiveKernels = z.output<typeof liveKernelsSchema>;
