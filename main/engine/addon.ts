// The hand-written type of the native addon (native/addon). Nothing else in the project may load the
// .node file than load-addon.ts, and nothing else describes it than this file.
//
// Errors are thrown (or rejected) as Error objects with `code` (engineErrorCodes of api/errors.ts) and,
// where the engine has them, `details`. Long work runs on threads the addon owns; callbacks come on the
// JavaScript thread, never after the promise has settled.

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
  /** Image formats this build decodes: "jpeg", "png", ... */
  supportedFormats(): string[];

  /** A file to the size x size RGB square the net's crops are cut from. JPEG-encoded where `jpegQuality` is
   * given, raw RGB (size*size*3 bytes) otherwise. */
  loadSquare(path: string, options?: { size?: number; jpegQuality?: number }): Promise<Uint8Array>;

  /** Packs the files of a plan; see native/include/alexnet/pack.h. */
  writePack(options: PackOptions, onProgress: (progress: PackProgress) => void, signal: CancelFlag): Promise<PackResult>;
  openPack(path: string): NativePack;
  /** Settable from JavaScript, read by native threads. */
  createCancelFlag(): CancelFlag;

  /** Plans, opens the packs, allocates and draws the initial weights, on a thread of its own. */
  createTrainer(options: TrainerOptions): Promise<NativeTrainer>;
  createPredictor(options: PredictorOptions): Promise<NativePredictor>;
}

export interface CancelFlag {
  cancel(): void;
}

export interface NetDescription {
  columns: number;
  inputSize: number;
  classes: number;
  parameters: number;
  units: number;
  /** One image, forward. */
  multiplyAdds: number;
  /** One image, forward and backward, no gradient to the pixels. */
  trainingFlops: number;
  parameterBytes: number;
  activationBytes: number;
  /** One direction, forward, fp32, at the batch asked for. */
  exchangeBytes: number;
  layers: LayerDescription[];
}

export interface LayerDescription {
  name: string;
  kind: 'conv' | 'fc';
  /** Channels, height, width over all columns. */
  input: [number, number, number];
  linear: [number, number, number];
  output: [number, number, number];
  groups: number;
  gathers: boolean;
  parameters: number;
  multiplyAdds: number;
  exchangeBytes: number;
  weightShape: number[];
  ops: ('activation' | 'lrn' | 'spatialNorm' | 'pool' | 'dropout')[];
}

export interface DeviceReport {
  id: string;
  name: string;
  usable: boolean;
  /** Why not, and what to do; empty where usable. */
  reason: string;
  memoryBytes: number;
  cores: number;
  precisions: string[];
  instructions: string[];
  library: string;
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

export interface PackStatistics {
  meanRgb: number[];
  /** Row-major 3x3. */
  covariance: number[];
  eigenvalues: number[];
  /** Row i is axis i in RGB. */
  eigenvectors: number[];
}

export interface NativePack {
  readonly count: number;
  readonly classes: number;
  readonly statistics: PackStatistics;
  /** 256*256*3 floats, HWC. */
  meanImage(): Float32Array;
  label(index: number): number;
  /** 256*256*3 bytes, or JPEG where a quality is given. */
  record(index: number, jpegQuality?: number): Uint8Array;
  /** Rejects with CORRUPT_PACK naming the first bad part. */
  verify(onProgress: (done: number, total: number) => void, signal: CancelFlag): Promise<void>;
  close(): void;
}

export interface TensorInfo {
  name: string;
  shape: number[];
}

export interface TrainerOptions {
  /** A complete run configuration. */
  configJson: string;
  trainPack: string;
  /** Empty: nothing is validated. */
  validationPack: string;
}

export interface StepRecord {
  kind: 'step';
  step: number;
  epoch: number;
  images: number;
  loss: number;
  top1Error: number;
  top5Error: number;
  learningRate: number;
  elapsedMs: number;
  dataWaitMs: number;
  exchangeMs: number;
}

export interface ValidationRecord {
  kind: 'validation';
  step: number;
  epoch: number;
  images: number;
  loss: number;
  top1Error: number;
  top5Error: number;
  trainLoss: number;
  trainTop1Error: number;
  elapsedMs: number;
}

/** A steering wish. `value`: rate (setRate, setLayerRate), factor (scaleRate), sigma (colourNoise). */
export interface Command {
  command:
    | 'pause'
    | 'resume'
    | 'stop'
    | 'setRate'
    | 'scaleRate'
    | 'setLayerRate'
    | 'freeze'
    | 'unfreeze'
    | 'colourNoise'
    | 'checkpoint';
  layer?: string;
  value?: number;
}

/** A command as it was applied: after `step` completed steps. */
export interface AppliedCommand extends Command {
  kind: 'command';
  step: number;
  /** False: the schedule or an action of the configuration did it. */
  steered: boolean;
}

export interface CheckpointEvent {
  kind: 'checkpoint';
  step: number;
  epoch: number;
  best: boolean;
  reason: 'epoch' | 'interval' | 'steering' | 'stop' | 'end';
  validation?: ValidationRecord;
  snapshot: NativeSnapshot;
}

export type TrainEvent = StepRecord | ValidationRecord | AppliedCommand | CheckpointEvent;

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

export type RunEnd = 'finished' | 'stopped' | 'diverged';

export interface NativeTrainer {
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
  /** Weights, biases and velocities, canonical layout. */
  readonly tensors: TensorInfo[];
  /** Before start(): bytes are little-endian fp32. */
  load(tensor: string, offset: number, bytes: Uint8Array): void;
  loadState(state: string): void;
  replay(commands: Omit<AppliedCommand, 'kind'>[]): void;
  /** Trains. Events arrive in order, in batches of whatever has gathered; none is lost. */
  start(onEvents: (events: TrainEvent[]) => void): Promise<RunEnd>;
  post(command: Command): void;
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
  /** Images at once. */
  batch: number;
}

export interface NativeEvaluation {
  images: number;
  loss: number;
  top1Error: number;
  top5Error: number;
  /** [classes * classes], row true, column answered. */
  confusion: Float64Array;
  classImages: Float64Array;
  classTop5Hits: Float64Array;
  /** [images * 5], -1 where there are fewer classes. */
  top5: Int32Array;
  top5Probability: Float32Array;
  trueProbability: Float32Array;
}

export interface PhotoAnswer {
  /** Softmax over classes, present unless the file failed. */
  probabilities?: Float32Array;
  error?: { code: string; message: string };
}

export interface NativePredictor {
  readonly classes: number;
  readonly tensors: TensorInfo[];
  load(tensor: string, offset: number, bytes: Uint8Array): void;
  /** Decodes and classifies files; one answer a path, in order; a bad file is an answer with an error. */
  classifyFiles(paths: string[], crops: 1 | 10): Promise<PhotoAnswer[]>;
  evaluate(
    packPath: string,
    crops: 1 | 10,
    onProgress: (done: number, total: number) => void,
    signal: CancelFlag,
  ): Promise<NativeEvaluation>;
  close(): Promise<void>;
}
