// The hand-written type of the native addon (native/addon). Nothing else in the project may load the
// .node file than load-addon.ts, and nothing else describes it than this file.
//
// Errors are thrown (or rejected) as Error objects with `code` (engineErrorCodes of api/errors.ts) and,
// where the engine has them, `details`. Long work runs on threads the addon owns; callbacks come on the
// JavaScript thread, never after the promise has settled.
import type { PackStatistics } from '../api/datasets.ts';
import type { Ties } from '../api/evaluation.ts';
import type { DeviceReport, TensorInfo } from '../api/net-description.ts';
import type {
  AppliedCommand,
  CheckpointReason,
  Command,
  Notice,
  RunEnd,
  StepRecord,
  ValidationRecord,
} from '../api/training.ts';

export type { PackStatistics } from '../api/datasets.ts';
export type { DeviceReport, LayerDescription, NetDescription, TensorInfo } from '../api/net-description.ts';
export type { AppliedCommand, Command, RunEnd, StepRecord, ValidationRecord } from '../api/training.ts';

export interface Addon {
  /** Version of the engine, e.g. "0.1.0". */
  readonly version: string;

  /**
   * Shapes, parameters, FLOPs and bytes of the net in a run configuration's "net" object, at a batch size.
   * Returns JSON of NetDescription. Throws INVALID_SPEC with details { layer, field }.
   */
  describeNet(netJson: string, batch: number): string;
  /** Throws INVALID_SPEC or INVALID_CONFIG with details { field } when a run configuration cannot be used. */
  checkConfig(configJson: string): void;
  listDevices(): DeviceReport[];
  /** Every GPU's load now; none where none can be asked for. A driver may take its time to answer. */
  readGpuLoads(): Promise<GpuLoad[]>;
  /** Image formats this build decodes: "jpeg", "png", ... */
  supportedFormats(): string[];

  /** A file to the size x size RGB square the net's crops are cut from. JPEG-encoded where `jpegQuality` is
   * given, raw RGB (size*size*3 bytes) otherwise. */
  loadSquare(path: string, options?: { size?: number; jpegQuality?: number }): Promise<Uint8Array>;

  /** What an image's header says. Throws UNSUPPORTED_IMAGE, CORRUPT_IMAGE, IMAGE_TOO_LARGE. */
  readImageInfo(bytes: Uint8Array): ImageHeader;
  /** The whole picture, upright, as JPEG. Rejects like readImageInfo. */
  decodeImage(bytes: Uint8Array, jpegQuality: number): Promise<Uint8Array>;
  /** JPEG of raw RGB, width * height * 3 bytes, at most 2048 a side. */
  encodeJpeg(pixels: Uint8Array, width: number, height: number, quality: number): Uint8Array;

  /** The crops that training draws for an image of a pack, one an epoch from 1 on. */
  drawCrops(options: DrawOptions): CropDraw[];
  /** The ten crops of the test: centre, four corners, the same mirrored. */
  testCrops(cropSize: number): CropDraw[];

  /** Packs the files of a plan; see native/include/alexnet/pack.h. */
  writePack(
    options: PackOptions,
    onProgress: (progress: PackProgress) => void,
    signal: CancelFlag,
  ): Promise<PackResult>;
  openPack(path: string): NativePack;
  /** Settable from JavaScript, read by native threads. */
  createCancelFlag(): CancelFlag;

  /** Plans, opens the packs, allocates and draws the initial weights, on a thread of its own. */
  createTrainer(options: TrainerOptions): Promise<NativeTrainer>;
  createPredictor(options: PredictorOptions): Promise<NativePredictor>;
  /** Room on the folder's disk for what nets answer to a pack: images * classes floats, freed by close() or with
   * the process. Throws DISK_FULL where there is none. */
  createAnswerSums(folder: string, images: number, classes: number): NativeAnswerSums;
  /** A finished index of features; see native/include/alexnet/retrieval.h. Throws NOT_FOUND, CORRUPT_PACK. */
  openFeatureIndex(path: string): NativeFeatureIndex;
}

export interface GpuLoad {
  /** "cuda:0" */
  id: string;
  /** Of its time, what it computes; null where nothing tells, as the others. */
  utilisationPercent: number | null;
  memoryUsedBytes: number | null;
  memoryBytes: number | null;
  /** Why a figure is null; empty where none is. */
  reason: string;
}

export interface ImageHeader {
  format: string;
  /** As stored, before orientation. */
  width: number;
  height: number;
  /** EXIF, 1..8. */
  orientation: number;
  colour: string;
}

export interface DrawOptions {
  crop: 'random' | 'centre';
  mirror: boolean;
  /** Sigma of the coefficients; 0: off. */
  colourNoise: number;
  cropSize: number;
  /** Square roots of the eigenvalues. */
  colourDeviations: number[];
  /** Row i is axis i in RGB, row-major 3x3. */
  colourAxes: number[];
  seed: number;
  /** The image's place in its pack. */
  image: number;
  epochs: number;
}

/** A crop of the 256x256 square. */
export interface CropDraw {
  top: number;
  left: number;
  mirror: boolean;
  /** Added to R, G, B. */
  colour: [number, number, number];
}

export interface CancelFlag {
  cancel(): void;
}

export interface PackOptions {
  /** JSON lines {"path","label"} in pack order. */
  planPath: string;
  packPath: string;
  /** JSON lines, one a plan line: {"record"} or {"error","message"}. */
  resultPath: string;
  classes: number;
  /** 0: all cores. */
  threads: number;
}

export interface PackProgress {
  done: number;
  total: number;
  packed: number;
  skipped: number;
  imagesPerSecond: number;
}

export interface PackResult {
  found: number;
  packed: number;
  skipped: number;
}

export interface NativePack {
  readonly count: number;
  readonly classes: number;
  readonly statistics: PackStatistics;
  /** 256*256*3 floats, HWC. */
  meanImage(): Float32Array;
  label(index: number): number;
  /** Checksums of records [first, first + count): the same for records with the same pixels. */
  hashes(first: number, count: number): BigUint64Array;
  /** 256*256*3 bytes, or JPEG where a quality is given, then scaled to size x size where that is given, too. */
  record(index: number, jpegQuality?: number, size?: number): Uint8Array;
  /** Rejects with CORRUPT_PACK naming the first bad part. */
  verify(onProgress: (done: number, total: number) => void, signal: CancelFlag): Promise<void>;
  close(): void;
}

export interface TrainerOptions {
  /** A complete run configuration. */
  configJson: string;
  trainPack: string;
  /** Empty: nothing is validated. */
  validationPack: string;
  /** How pixels become the input, where a model's weights say so and not the training pack. */
  preprocessing?: PreprocessingOptions;
}

export interface CheckpointEvent {
  kind: 'checkpoint';
  step: number;
  epoch: number;
  best: boolean;
  reason: CheckpointReason;
  validation?: ValidationRecord;
  snapshot: NativeSnapshot;
}

/** The answer to NativeTrainer.look(). */
export interface TensorLook {
  kind: 'look';
  /** Completed steps. */
  step: number;
  tensor: string;
  /** Little-endian fp32, canonical layout. */
  values: Uint8Array;
}

export type TrainEvent =
  | StepRecord
  | ValidationRecord
  | AppliedCommand
  | Notice
  | CheckpointEvent
  | TensorLook;

/** A consistent copy of weights and velocities; memory is freed by release(). Training goes on meanwhile, but
 * the next snapshot waits for it. */
export interface NativeSnapshot {
  /** JSON for loadState(). */
  readonly state: string;
  readonly tensors: TensorInfo[];
  /** Little-endian fp32 bytes of `count` values from `offset` on (values, not bytes); at most 16 MB. */
  read(tensor: string, offset: number, count: number): Uint8Array;
  release(): void;
}

export interface NativeTrainer {
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
  /** Weights, biases and velocities, canonical layout. */
  readonly tensors: TensorInfo[];
  /** Before start(): bytes are little-endian fp32. */
  load(tensor: string, offset: number, bytes: Uint8Array): void;
  loadState(state: string): void;
  /** The run's steered commands; those that came after the loaded state are applied again, silently. */
  replay(commands: Omit<AppliedCommand, 'kind'>[]): void;
  /** Trains. Events arrive in order and none is lost: in batches, ten times a second, checkpoints at once with
   * whatever came before them. */
  start(onEvents: (events: TrainEvent[]) => void): Promise<RunEnd>;
  post(command: Command): void;
  /** A tensor of at most 16 MB as it is at the next step boundary comes as an event; nothing of it is recorded. */
  look(tensor: string): void;
  read(tensor: string, offset: number, count: number): Uint8Array;
  /** Stops without a checkpoint, joins the thread, frees everything. */
  close(): Promise<void>;
}

export interface PreprocessingOptions {
  cropSize: number;
  mean: 'image' | 'rgb' | 'none';
  meanFollowsCrop: boolean;
  /** "image": 256*256*3 floats; "rgb": 3 floats, 0..255 scale. */
  meanValues?: Float32Array;
  /** input = (pixel - mean) * gain, per channel. */
  gain: [number, number, number];
}

export interface PredictorOptions {
  netJson: string;
  preprocessing: PreprocessingOptions;
  devices: string[];
  precision: 'fp32' | 'tf32' | 'bf16';
  threads: number;
  /** Crops at once. */
  batch: number;
  /** Keeps all that a pass makes, for lookAt(), maps() and classGradient(): CPU and fp32 only. */
  views?: boolean;
}

/** A photo's file, or an image of a pack. */
export type PhotoSource = { path: string } | { pack: string; record: number };

/** Values at a place inside the net: [channels, height, width]. */
export interface NativeMaps {
  channels: number;
  height: number;
  width: number;
  values: Float32Array;
}

/** How active a layer's units are over a sample; see native/include/alexnet/predictor.h. Arrays: one value a unit. */
export interface NativeLayerActivity {
  layer: string;
  images: number;
  /** Of each unit in one image. */
  values: number;
  mean: Float64Array;
  deviation: Float64Array;
  largest: Float64Array;
  zeroShare: Float64Array;
  saturatedShare: Float64Array;
  activeImages: Float64Array;
}

export interface IndexOptions {
  packPath: string;
  indexPath: string;
  /** What the features are of: an unfinished index of another identity is begun anew. */
  identity: string;
  threads: number;
}

export interface NativeNeighbour {
  row: number;
  distance: number;
}

export interface NativeFeatureIndex {
  readonly rows: number;
  readonly features: number;
  readonly identity: string;
  readonly fileBytes: number;
  /** Ascending by distance. `leaveOut`: a row that is not to be found, or -1. */
  nearest(
    query: Float32Array,
    options: { count: number; leaveOut: number; threads: number },
  ): Promise<NativeNeighbour[]>;
  close(): void;
}

export interface NativeEvaluation {
  images: number;
  loss: number;
  top1Error: number;
  top5Error: number;
  /** 95 %, by bootstrap over the images. */
  top1Interval: [number, number];
  top5Interval: [number, number];
  /** [classes * classes], row true, column answered. */
  confusion: Float64Array;
  classImages: Float64Array;
  classTop5Hits: Float64Array;
  /** [images] */
  labels: Int32Array;
  /** [images * 5], -1 where there are fewer classes. */
  top5: Int32Array;
  top5Probability: Float32Array;
  trueProbability: Float32Array;
}

export interface PhotoAnswer {
  /** Softmax over classes, present unless the file failed. */
  probabilities?: Float32Array;
  /** [10, classes]: each crop's by itself, where that was asked for. */
  crops?: Float32Array;
  error?: { code: string; message: string };
}

export interface NativePredictor {
  readonly classes: number;
  readonly tensors: TensorInfo[];
  load(tensor: string, offset: number, bytes: Uint8Array): void;
  /** Decodes and classifies files; one answer a path, in order; a bad file is an answer with an error. */
  classifyFiles(paths: string[], crops: 1 | 10, eachCrop?: boolean): Promise<PhotoAnswer[]>;
  /**
   * `ties`: see api/evaluation.ts. Adds every answer to `sums`, too, where there are some. `classOf` is for a pack of
   * other classes: the net's class for each of them, -1 for those whose images are left out.
   */
  evaluate(
    packPath: string,
    crops: 1 | 10,
    onProgress: (done: number, total: number) => void,
    signal: CancelFlag,
    options: { ties: Ties; sums?: NativeAnswerSums | undefined; classOf?: Int32Array | undefined },
  ): Promise<NativeEvaluation>;

  /** Takes in a photo's centre crop; its softmax. With `views` alone. */
  lookAt(photo: PhotoSource): Promise<Float32Array>;
  /** After lookAt(): op 0 is the layer's convolution or product, op n the n-th of its "then" list. */
  maps(layer: number, op: number): Promise<NativeMaps>;
  /** After lookAt(): the gradient of a class's logit to the maps of a place. */
  classGradient(label: number, layer: number, op: number): Promise<NativeMaps>;
  /** What the classifier reads of a photo's centre crop. */
  features(photo: PhotoSource): Promise<Float32Array>;
  /** Softmax with a square of `side` pixels set to the mean at each corner (pairs of top, left in the crop). */
  occlude(
    photo: PhotoSource,
    corners: Int32Array,
    side: number,
    onProgress: (done: number, total: number) => void,
    signal: CancelFlag,
  ): Promise<Float32Array>;
  /** Every layer with an activation, over at most so many images of a pack, evenly spaced. */
  activity(
    packPath: string,
    images: number,
    onProgress: (done: number, total: number) => void,
    signal: CancelFlag,
  ): Promise<NativeLayerActivity[]>;
  /** The features of a whole pack, on disk. Cancelled, it keeps what it has for another call. */
  buildIndex(
    options: IndexOptions,
    onProgress: (done: number, total: number) => void,
    signal: CancelFlag,
  ): Promise<void>;
  close(): Promise<void>;
}

/** The softmax outputs of several nets over one pack, added up on disk. */
export interface NativeAnswerSums {
  /** Nets whose answers are in. */
  readonly members: number;
  /** Their average against the pack's labels. */
  average(packPath: string, signal: CancelFlag, ties: Ties): Promise<NativeEvaluation>;
  close(): void;
}
