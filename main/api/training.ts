// What training records: steps, validations, steering, checkpoints. The engine makes them, the database keeps
// them, the shells show them. Steps and epochs count from 1; errors are fractions 0..1; times are ms.
import * as z from 'zod';
import { anyNumber } from './numbers.ts';

export const stepRecordSchema = z.object({
  kind: z.literal('step'),
  /** Completed steps. */
  step: z.int().positive(),
  epoch: z.int().positive(),
  /** Images in this step's batch. */
  images: z.int().positive(),
  /** Mean over the batch, without the decay term. */
  loss: anyNumber,
  top1Error: z.number(),
  top5Error: z.number(),
  learningRate: z.number(),
  elapsedMs: z.number(),
  /** Share of elapsedMs spent waiting for the loader. */
  dataWaitMs: z.number(),
  /** Share of elapsedMs spent exchanging between columns. */
  exchangeMs: z.number(),
});

/** After an epoch: the whole validation split, centre crop. */
export const validationRecordSchema = z.object({
  kind: z.literal('validation'),
  step: z.int().nonnegative(),
  epoch: z.int().nonnegative(),
  images: z.int().nonnegative(),
  loss: anyNumber,
  top1Error: z.number(),
  top5Error: z.number(),
  /** Means over the epoch's training steps. */
  trainLoss: anyNumber,
  trainTop1Error: z.number(),
  elapsedMs: z.number(),
});

/** A steering wish. `value`: rate (setRate, setLayerRate), factor (scaleRate), sigma (colourNoise). */
export const commandSchema = z.object({
  command: z.enum([
    'pause',
    'resume',
    'stop',
    'setRate',
    'scaleRate',
    'setLayerRate',
    'freeze',
    'unfreeze',
    'colourNoise',
    'checkpoint',
  ]),
  layer: z.string().exactOptional(),
  value: z.number().exactOptional(),
});

/** A command as it was applied: after `step` completed steps. */
export const appliedCommandSchema = commandSchema.extend({
  kind: z.literal('command'),
  step: z.int().nonnegative(),
  /** False: the schedule or an action of the configuration did it. */
  steered: z.boolean(),
  /** Steered commands are counted from 1 over the whole run; 0 for the others. */
  sequence: z.int().nonnegative(),
});

/** What a device cannot do as it should while training goes on, e.g. that it is slower than it could be. */
export const noticeSchema = z.object({
  kind: z.literal('notice'),
  step: z.int().nonnegative(),
  message: z.string(),
});

/** What training tells in order; the records a checkpoint file keeps since its previous checkpoint. */
export const trainingRecordSchema = z.discriminatedUnion('kind', [
  stepRecordSchema,
  validationRecordSchema,
  appliedCommandSchema,
  noticeSchema,
]);

// As JSON keeps them: it has no NaN, so a loss that is not finite is null there, and NaN when it is read back.
const revivedLoss = z
  .number()
  .nullable()
  .transform((loss) => loss ?? Number.NaN);
export const storedValidationRecordSchema = validationRecordSchema.extend({
  loss: revivedLoss,
  trainLoss: revivedLoss,
});
export const storedTrainingRecordsSchema = z.array(
  z.discriminatedUnion('kind', [
    stepRecordSchema.extend({ loss: revivedLoss }),
    storedValidationRecordSchema,
    appliedCommandSchema,
    noticeSchema,
  ]),
);

export const checkpointReasonSchema = z.enum(['epoch', 'interval', 'steering', 'stop', 'end']);

/** A checkpoint that is complete in the run's file. */
export const checkpointSavedSchema = z.object({
  checkpointId: z.int().positive(),
  step: z.int().nonnegative(),
  epoch: z.int().nonnegative(),
  /** Lowest validation top-1 error so far. */
  best: z.boolean(),
  reason: checkpointReasonSchema,
  sizeBytes: z.int().nonnegative(),
  elapsedMs: z.number(),
});

export const runEndSchema = z.enum(['finished', 'stopped', 'diverged']);

export type StepRecord = z.output<typeof stepRecordSchema>;
export type ValidationRecord = z.output<typeof validationRecordSchema>;
export type Command = z.output<typeof commandSchema>;
export type AppliedCommand = z.output<typeof appliedCommandSchema>;
export type Notice = z.output<typeof noticeSchema>;
export type TrainingRecord = z.output<typeof trainingRecordSchema>;
export type CheckpointReason = z.output<typeof checkpointReasonSchema>;
export type CheckpointSaved = z.output<typeof checkpointSavedSchema>;
export type RunEnd = z.output<typeof runEndSchema>;
