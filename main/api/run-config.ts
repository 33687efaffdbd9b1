// The run configuration: everything a training run is made from. zod holds names, types and simple ranges;
// whether the layers fit each other is the engine's judgement (native/src/spec).
import * as z from 'zod';

const positiveInteger = z.int().positive();
const count = z.int().nonnegative();
const factor = z.number().nonnegative();
const positive = z.number().positive();

const lrnFields = {
  /** Maps summed over, of the same column. */
  size: positiveInteger,
  k: z.number(),
  alpha: z.number(),
  beta: z.number(),
  /** True: alpha is divided by size (the original code, PyTorch, Caffe). */
  alphaOverN: z.boolean(),
};
/** The paper's values where one is not given (section 3.3). */
export const lrnSchema = z.strictObject({
  size: lrnFields.size.default(5),
  k: lrnFields.k.default(2),
  alpha: lrnFields.alpha.default(1e-4),
  beta: lrnFields.beta.default(0.75),
  alphaOverN: lrnFields.alphaOverN.default(false),
});

const spatialNormFields = { size: positiveInteger, k: z.number(), alpha: z.number(), beta: z.number() };
/** The original code's values where one is not given. */
export const spatialNormSchema = z.strictObject({
  size: spatialNormFields.size.default(5),
  k: spatialNormFields.k.default(1),
  alpha: spatialNormFields.alpha.default(4e-5),
  beta: spatialNormFields.beta.default(0.75),
});

const rounding = z.enum(['floor', 'ceil']);
const poolingFields = { size: positiveInteger, stride: positiveInteger, rounding };
/** The paper's overlapping pooling where a value is not given (section 3.4). */
export const poolingSchema = z.strictObject({
  size: poolingFields.size.default(3),
  stride: poolingFields.stride.default(2),
  rounding: rounding.default('floor'),
});

export const paddingObjectSchema = z.strictObject({
  size: count.default(0),
  rounding: rounding.default('floor'),
});

export const initSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('gaussian'), sigma: factor.default(0.01) }),
  z.strictObject({ kind: z.literal('he') }),
]);

/** Layer names are part of tensor names and of `--set` paths: no dots. */
export const layerNameSchema = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, 'a layer is named with letters, digits, - and _, a letter first');

export const operationSchema = z.enum(['activation', 'lrn', 'spatialNorm', 'pool', 'dropout']);

/** One layer; where lrn, spatialNorm, pooling, dropout or init are given they replace the net's fields. */
export const layerSchema = z.strictObject({
  name: layerNameSchema,
  kind: z.enum(['conv', 'fc']),
  /** Maps or units over all columns; "classes" is the net's number of classes. */
  width: z.union([positiveInteger, z.literal('classes')]),
  kernel: positiveInteger.exactOptional(),
  stride: positiveInteger.exactOptional(),
  padding: z.union([count, paddingObjectSchema]).exactOptional(),
  /** "both": every column's output of the layer before; "own": that of its own column. */
  reads: z.enum(['both', 'own']).exactOptional(),
  /** What follows the convolution or product, in order. */
  then: z.array(operationSchema).default([]),
  sigma: factor.exactOptional(),
  init: initSchema.exactOptional(),
  bias: z.number().exactOptional(),
  lrn: z.strictObject(lrnFields).partial().nullable().or(z.literal(false)).exactOptional(),
  spatialNorm: z.strictObject(spatialNormFields).partial().nullable().or(z.literal(false)).exactOptional(),
  pooling: z.strictObject(poolingFields).partial().nullable().or(z.literal(false)).exactOptional(),
  dropout: z.number().min(0).lt(1).exactOptional(),
  learningRateFactor: factor.exactOptional(),
  biasLearningRateFactor: factor.exactOptional(),
  weightDecayFactor: factor.exactOptional(),
  biasWeightDecayFactor: factor.exactOptional(),
});

export const netSchema = z
  .strictObject({
    columns: z.union([z.literal(1), z.literal(2)]),
    inputSize: positiveInteger,
    classes: positiveInteger,
    activation: z.enum(['relu', 'tanh', 'sigmoid']),
    /** null or false: every "lrn" in the layers' lists is left out. */
    lrn: lrnSchema.nullable().or(z.literal(false)).exactOptional(),
    spatialNorm: spatialNormSchema.nullable().or(z.literal(false)).exactOptional(),
    pooling: poolingSchema.exactOptional(),
    dropout: z.number().min(0).lt(1).exactOptional(),
    /** "test": the paper's, outputs times 1 - p at test. "training": kept outputs divided by 1 - p. */
    dropoutScale: z.enum(['training', 'test']).exactOptional(),
    init: initSchema.exactOptional(),
    /** Every width but the classifier's times this. */
    widthFactor: positive.exactOptional(),
    layers: z.array(layerSchema).min(1),
  })
  .superRefine((net, context) => {
    const seen = new Set<string>();
    net.layers.forEach((layer, index) => {
      if (seen.has(layer.name)) {
        context.addIssue({
          code: 'custom',
          path: ['layers', index, 'name'],
          message: `two layers are named ${layer.name}`,
        });
      }
      seen.add(layer.name);
    });
  });

export const scheduleSchema = z.discriminatedUnion('kind', [
  /** The paper's: rate * factor when the validation error stalls, at most maxDrops times, then stop. */
  z.strictObject({
    kind: z.literal('plateau'),
    factor: positive.default(0.1),
    /** Validations without improvement before a drop. */
    patience: positiveInteger.default(3),
    /** Smallest fall of the top-1 error that counts, a fraction. */
    threshold: z.number().nonnegative().default(0.001),
    maxDrops: count.default(3),
  }),
  /** rate * factor before each of these epochs starts (epochs count from 1). */
  z.strictObject({
    kind: z.literal('steps'),
    epochs: z.array(positiveInteger).default([]),
    factor: positive.default(0.1),
  }),
  z.strictObject({ kind: z.literal('constant') }),
  /** rate * (1 - step / total)^power */
  z.strictObject({ kind: z.literal('polynomial'), power: positive.default(1) }),
]);

/** What happens by itself before `epoch` starts: the original's end-game. */
export const actionSchema = z.discriminatedUnion('kind', [
  z.strictObject({ epoch: positiveInteger, kind: z.literal('colourNoise'), sigma: factor.default(0) }),
  z.strictObject({
    epoch: positiveInteger,
    kind: z.literal('layerRate'),
    layer: layerNameSchema,
    rate: factor,
  }),
  z.strictObject({ epoch: positiveInteger, kind: z.literal('freeze'), layer: layerNameSchema }),
  z.strictObject({ epoch: positiveInteger, kind: z.literal('unfreeze'), layer: layerNameSchema }),
  z.strictObject({ epoch: positiveInteger, kind: z.literal('rate'), rate: factor }),
]);

export const optimiserSchema = z.strictObject({
  learningRate: positive,
  momentum: z.number().min(0).lt(1),
  weightDecay: z.number().nonnegative(),
  batchSize: positiveInteger,
  biasLearningRateFactor: factor.default(1),
  /** 0: decay acts on weights only. */
  biasWeightDecayFactor: factor.default(0),
  /** False: biases keep the first rate. */
  biasRateFollowsSchedule: z.boolean().default(true),
  schedule: scheduleSchema,
  actions: z.array(actionSchema).default([]),
});

export const augmentationSchema = z.strictObject({
  crop: z.enum(['random', 'centre']),
  mirror: z.boolean(),
  /** Sigma of the PCA coefficients; 0: off. */
  colourNoise: z.number().nonnegative(),
  mean: z.enum(['image', 'rgb', 'none']),
  /** False: the mean image's centre is subtracted from every crop (the original code). */
  meanFollowsCrop: z.boolean().default(true),
  /** Factor on the input after the mean is subtracted. */
  gain: positive.default(1),
});

export const checkpointsSchema = z.strictObject({
  /** 0: only at the end of epochs. */
  everySteps: count.default(0),
  /** 0: never by time. */
  everyMinutes: z.number().nonnegative().default(10),
  /** Checkpoints kept besides the best. */
  keepLast: positiveInteger.default(2),
});

/** "cpu" or "cuda:N". */
const deviceSchema = z.string().regex(/^(cpu|cuda:[0-9]{1,3})$/, 'a device is cpu or cuda:N');

export const precisionSchema = z.enum(['fp32', 'tf32', 'bf16']);

/**
 * How the devices share the work. columns: the net's columns, on one device or on one each. data: every device has the
 * whole net and its part of the batch. pairs: the same with two devices for every copy, a column each. hybrid: parts of
 * the batch in the convolutions, units in the fully connected layers.
 */
export const parallelismSchema = z.enum(['columns', 'data', 'pairs', 'hybrid']);

export const runConfigSchema = z
  .strictObject({
    preset: z.string(),
    net: netSchema,
    optimiser: optimiserSchema,
    augmentation: augmentationSchema,
    epochs: positiveInteger.exactOptional(),
    steps: positiveInteger.exactOptional(),
    seed: z.int().nonnegative().default(1),
    shuffle: z.boolean().default(true),
    /** What they hold is said by parallelism; which lists suit a net is the engine's judgement. */
    devices: z.array(deviceSchema).min(1).max(16).default(['cpu']),
    parallelism: parallelismSchema.default('columns'),
    precision: precisionSchema.default('fp32'),
    /** 0: all cores. */
    threads: count.default(0),
    /** 0: never; the training error then decides what the best checkpoint is and when the rate falls. */
    validateEveryEpochs: count.default(1),
    checkpoints: checkpointsSchema.prefault({}),
  })
  .superRefine((config, context) => {
    const given = Number(config.epochs !== undefined) + Number(config.steps !== undefined);
    if (given !== 1) {
      context.addIssue({
        code: 'custom',
        path: [given === 0 ? 'epochs' : 'steps'],
        message: given === 0 ? 'give either epochs or steps' : 'epochs and steps cannot both be given',
      });
    }
  });

/** A file of resources/presets. */
export const presetSchema = z.strictObject({
  name: z.string(),
  title: z.string(),
  summary: z.string(),
  config: runConfigSchema,
  /** Each choice that a reader may question, with where it comes from. */
  notes: z.array(
    z.strictObject({ field: z.string(), value: z.unknown(), reason: z.string(), source: z.string() }),
  ),
});

export type NetConfig = z.output<typeof netSchema>;
export type LayerConfig = z.output<typeof layerSchema>;
export type ScheduleConfig = z.output<typeof scheduleSchema>;
export type ActionConfig = z.output<typeof actionSchema>;
export type AugmentationConfig = z.output<typeof augmentationSchema>;
export type Precision = z.output<typeof precisionSchema>;
export type Parallelism = z.output<typeof parallelismSchema>;
export type RunConfig = z.output<typeof runConfigSchema>;
export type Preset = z.output<typeof presetSchema>;
