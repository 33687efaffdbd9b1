// What the engine host (a child process, one per job) and its parent say to each other. Messages are plain
// structured-clone values; binary data stays in the host, which reads and writes checkpoint files itself.
import type { ErrorReport } from '../api/errors.ts';
import type { EvaluationSummary, Ties } from '../api/evaluation.ts';
import type { ModelPreprocessing } from '../api/models.ts';
import type { Prediction } from '../api/predictions.ts';
import type { AppliedCommand, CheckpointSaved, Command, RunEnd, TrainingRecord } from '../api/training.ts';
import type { PackOptions, PackProgress, PackResult } from './addon.ts';
import type { InspectAnswer, InspectQuestion } from './inspect-questions.ts';

export type { EvaluationSummary } from '../api/evaluation.ts';
export type { ModelPreprocessing } from '../api/models.ts';
export type { Prediction } from '../api/predictions.ts';
export type { CheckpointSaved } from '../api/training.ts';

/** Where a net's tensors are read from. */
export type ModelSource =
  | { kind: 'checkpoint'; file: string; checkpointId: number }
  | { kind: 'safetensors'; file: string };

export interface TrainJob {
  kind: 'train';
  /** A complete run configuration. */
  configJson: string;
  trainPack: string;
  validationPack: string;
  /** The run's own checkpoint file; created where it does not exist. */
  checkpointFile: string;
  /** Checkpoints to keep besides the best. */
  keepLast: number;
  /** Continue from the newest complete checkpoint of checkpointFile, if it has one. */
  resume: boolean;
  /** Start from these weights (fine-tuning); ignored where a checkpoint is resumed. `layers`: those that are taken
   * over, the others are drawn. */
  init?: { model: ModelSource; layers: string[] };
  /** Of the model that it started from; otherwise the training pack's. */
  preprocessing?: ModelPreprocessing;
  /** The run's steered commands, in order; those that came after the checkpoint that is resumed are applied
   * again. */
  replay: Omit<AppliedCommand, 'kind'>[];
}

export interface EvaluatedModel {
  netJson: string;
  model: ModelSource;
  preprocessing: ModelPreprocessing;
}

/** Several models: each by itself, one after the other, and the average of their softmax outputs. */
export interface EvaluateJob {
  kind: 'evaluate';
  models: EvaluatedModel[];
  pack: string;
  crops: 1 | 10;
  ties: Ties;
  /** Of one model and a pack of other classes: the model's class for each of them, -1 where it has none. */
  classOf?: number[];
  devices: string[];
  precision: 'fp32' | 'tf32' | 'bf16';
  threads: number;
}

/** Opens a net and answers `classify` messages until it is told to finish. */
export interface ClassifyJob {
  kind: 'classify';
  netJson: string;
  model: ModelSource;
  preprocessing: ModelPreprocessing;
  crops: 1 | 10;
  devices: string[];
  precision: 'fp32' | 'tf32' | 'bf16';
  threads: number;
  /** Crops at once. */
  batch: number;
  /** Predictions a photo; every class where it is not given. */
  top?: number;
  /** With ten crops: each crop's own answer, too. */
  eachCrop?: boolean;
}

/** Opens a net and answers `inspect` messages, about what happens inside it, until it is told to finish. */
export interface InspectJob {
  kind: 'inspect';
  netJson: string;
  model: ModelSource;
  preprocessing: ModelPreprocessing;
  threads: number;
}

/** Writes the features of a pack's images; continues what an earlier job began. */
export interface IndexJob {
  kind: 'index';
  netJson: string;
  model: ModelSource;
  preprocessing: ModelPreprocessing;
  devices: string[];
  threads: number;
  pack: string;
  indexFile: string;
  /** What the features are of. */
  identity: string;
}

export interface ClassifiedPhoto {
  predictions?: Prediction[];
  /** Of all classes, in nats: 0 is sure, the logarithm of their number knows nothing. */
  entropy?: number;
  /** Each of the ten crops by itself, in the order of Addon.testCrops(). */
  crops?: Prediction[][];
  error?: ErrorReport;
}

export interface PackJob {
  kind: 'pack';
  options: PackOptions;
}

export interface VerifyPackJob {
  kind: 'verifyPack';
  pack: string;
}

export type Job = TrainJob | EvaluateJob | ClassifyJob | InspectJob | IndexJob | PackJob | VerifyPackJob;

export type ToHost =
  | { type: 'start'; job: Job }
  | { type: 'command'; command: Command }
  /** Training: asks for a tensor as it is at the next step boundary. */
  | { type: 'look'; tensor: string }
  /** Training: everything that was told up to this checkpoint is stored; its file may forget those records. */
  | { type: 'stored'; checkpointId: number }
  | { type: 'cancel' }
  | { type: 'classify'; id: number; paths: string[] }
  | { type: 'inspect'; id: number; question: InspectQuestion }
  /** The answer is not wanted any more; it may come still. */
  | { type: 'forget'; id: number }
  | { type: 'finish' };

export type FromHost =
  | { type: 'ready'; version: string; pid: number }
  /** Training: what was planned. `fromStep` is the checkpoint's step, 0 for a fresh start. */
  | { type: 'planned'; stepsPerEpoch: number; totalSteps: number; fromStep: number; parameters: number }
  /** After a resume from this checkpoint, before anything new: records of earlier lives that the checkpoint file
   * kept, so that the parent can add those it had not stored; it has most of them. */
  | { type: 'kept'; checkpointId: number; events: TrainingRecord[] }
  /** At most ten times a second; steps, validations and commands in the order in which they happened. */
  | { type: 'training'; events: TrainingRecord[] }
  /** A command that could not be applied, e.g. to a layer that the net has not; training goes on. */
  | { type: 'commandRefused'; command: Command; error: ErrorReport }
  /** What was asked for by `look`: little-endian fp32 in canonical layout. */
  | { type: 'looked'; step: number; tensor: string; values: Uint8Array }
  /** It comes after all records up to its step. */
  | { type: 'checkpoint'; checkpoint: CheckpointSaved }
  | { type: 'trained'; end: RunEnd; step: number }
  | { type: 'packProgress'; progress: PackProgress }
  | { type: 'packed'; result: PackResult }
  | { type: 'progress'; done: number; total: number }
  | { type: 'verified' }
  /** A block of what the model that is told next answered to the images: api/evaluation-answers.ts. In order. */
  | { type: 'answers'; block: Uint8Array }
  /** `of`: which of the job's models, by its place, or the average of them all. */
  | { type: 'evaluated'; of: number | 'average'; summary: EvaluationSummary }
  | { type: 'loaded'; classes: number }
  /** Sorted by probability, descending; the job's `top` first of them. */
  | { type: 'classified'; id: number; answers: ClassifiedPhoto[] }
  | { type: 'inspected'; id: number; answer: InspectAnswer }
  | { type: 'inspectFailed'; id: number; error: ErrorReport }
  | { type: 'indexed' }
  | { type: 'finished' }
  | { type: 'error'; error: ErrorReport };
