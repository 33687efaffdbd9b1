// The engine without its binary, for tests of the host and of what stands above it: deterministic, in memory.
import { readFileSync, writeFileSync } from 'node:fs';
import { AppError } from '../api/errors.ts';
import type {
  Addon,
  CancelFlag,
  IndexOptions,
  NativeAnswerSums,
  NativeEvaluation,
  NativeLayerActivity,
  NativeMaps,
  NativePack,
  NativePredictor,
  PackOptions,
  PackProgress,
  PackResult,
  PhotoAnswer,
  PhotoSource,
  TensorInfo,
} from './addon.ts';
import { FakeTensors, FakeTrainer, type FakeTraining, fakeParameters, refuse } from './fake-trainer.ts';

export interface FakeOptions extends FakeTraining {
  /** Classes of packs and nets. */
  classes: number;
}

export const fakeDefaults: FakeOptions = { stepMs: 2, images: 64, classes: 3 };

class FakeCancelFlag implements CancelFlag {
  cancelled = false;
  cancel(): void {
    this.cancelled = true;
  }
}

function isCancelled(signal: CancelFlag): boolean {
  return signal instanceof FakeCancelFlag && signal.cancelled;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Counts to `total`, an item every `ms`, and tells how far it is. */
async function count(total: number, ms: number, onProgress: (done: number) => void, signal: CancelFlag) {
  for (let done = 1; done <= total; done += 1) {
    await pause(ms);
    if (isCancelled(signal)) throw new AppError('CANCELLED', 'It was cancelled.');
    onProgress(done);
  }
}

/** A path with "bad" in its name cannot be read, one with "nan" breaks the net; the class is its length modulo the classes. */
function classifyPath(path: string, classes: number): PhotoAnswer {
  if (path.includes('bad')) return { error: { code: 'CORRUPT_IMAGE', message: `${path} is damaged.` } };
  if (path.includes('nan')) return { probabilities: new Float32Array(classes).fill(Number.NaN) };
  const answer = path.length % classes;
  const rest = 0.25 / Math.max(1, classes - 1);
  return { probabilities: Float32Array.from({ length: classes }, (_, i) => (i === answer ? 0.75 : rest)) };
}

/** Every answer is class 0; labels go round. */
function fakeEvaluation(
  { images: all, classes }: FakeOptions,
  classOf: ArrayLike<number> = Int32Array.from({ length: classes }, (_, label) => label),
): NativeEvaluation {
  const confusion = new Float64Array(classes * classes);
  const classImages = new Float64Array(classes);
  const labels = Int32Array.from({ length: all }, (_, image) => classOf[image % classOf.length] ?? -1).filter(
    (label) => label >= 0,
  );
  const images = labels.length;
  for (const label of labels) {
    confusion[label * classes] = (confusion[label * classes] ?? 0) + 1;
    classImages[label] = (classImages[label] ?? 0) + 1;
  }
  return {
    images,
    loss: 1,
    top1Error: 1 - (classImages[0] ?? 0) / images,
    top5Error: 0,
    top1Interval: [0.6, 0.7],
    top5Interval: [0, 0],
    confusion,
    classImages,
    classTop5Hits: classImages.slice(),
    labels,
    top5: Int32Array.from({ length: images * 5 }, (_, i) => (i % 5 < classes ? i % 5 : -1)),
    top5Probability: Float32Array.from({ length: images * 5 }, (_, i) => (i % 5 === 0 ? 0.5 : 0)),
    trueProbability: new Float32Array(images).fill(0.25),
  };
}

class FakeAnswerSums implements NativeAnswerSums {
  members = 0;
  readonly #options: FakeOptions;

  constructor(options: FakeOptions) {
    this.#options = options;
  }

  /** The loss is the number of nets. */
  async average(_packPath: string, signal: CancelFlag): Promise<NativeEvaluation> {
    await pause(this.#options.stepMs);
    if (isCancelled(signal)) throw new AppError('CANCELLED', 'It was cancelled.');
    return { ...fakeEvaluation(this.#options), loss: this.members };
  }

  close(): void {}
}

function nameOf(photo: PhotoSource): string {
  return 'path' in photo ? photo.path : `record ${photo.record}`;
}

class FakePredictor implements NativePredictor {
  readonly classes: number;
  readonly tensors: TensorInfo[] = [...fakeParameters];
  readonly #options: FakeOptions;
  readonly #values = new FakeTensors(fakeParameters);
  readonly #loaded = new Set<string>();
  #closed = false;

  constructor(options: FakeOptions) {
    this.#options = options;
    this.classes = options.classes;
  }

  load(tensor: string, offset: number, bytes: Uint8Array): void {
    this.#requireOpen();
    this.#values.load(tensor, offset, bytes);
    this.#loaded.add(tensor);
  }

  async classifyFiles(paths: string[], _crops: 1 | 10, eachCrop = false): Promise<PhotoAnswer[]> {
    this.#requireLoaded();
    for (const _ of paths) await pause(this.#options.stepMs);
    if (this.#closed) throw new AppError('CANCELLED', 'The predictor was closed.');
    return paths.map((path) => {
      const answer = classifyPath(path, this.classes);
      const { probabilities } = answer;
      if (!eachCrop || probabilities === undefined) return answer;
      const crops = new Float32Array(10 * this.classes);
      for (let crop = 0; crop < 10; crop += 1) crops.set(probabilities, crop * this.classes);
      return { ...answer, crops };
    });
  }

  async evaluate(
    _packPath: string,
    _crops: 1 | 10,
    onProgress: (done: number, total: number) => void,
    signal: CancelFlag,
    { sums, classOf }: { sums?: NativeAnswerSums | undefined; classOf?: Int32Array | undefined },
  ): Promise<NativeEvaluation> {
    this.#requireLoaded();
    const { images, stepMs } = this.#options;
    await count(images, stepMs, (done) => onProgress(done, images), signal);
    if (sums instanceof FakeAnswerSums) sums.members += 1;
    return fakeEvaluation(this.#options, classOf);
  }

  lookAt(photo: PhotoSource): Promise<Float32Array> {
    this.#requireLoaded();
    return Promise.resolve(classifyPath(nameOf(photo), this.classes).probabilities ?? new Float32Array());
  }

  /** Two maps of two by two: 0, 1, 2, ... */
  maps(): Promise<NativeMaps> {
    this.#requireLoaded();
    return Promise.resolve({
      channels: 2,
      height: 2,
      width: 2,
      values: Float32Array.from({ length: 8 }, (_, i) => i),
    });
  }

  classGradient(label: number): Promise<NativeMaps> {
    this.#requireLoaded();
    const values = new Float32Array(8).fill(label + 1);
    return Promise.resolve({ channels: 2, height: 2, width: 2, values });
  }

  features(): Promise<Float32Array> {
    this.#requireLoaded();
    return Promise.resolve(new Float32Array(4).fill(1));
  }

  /** The farther down a corner is, the less sure the net. */
  async occlude(
    photo: PhotoSource,
    corners: Int32Array,
    _side: number,
    onProgress: (done: number, total: number) => void,
    signal: CancelFlag,
  ): Promise<Float32Array> {
    const answer = await this.lookAt(photo);
    const total = corners.length / 2;
    await count(total, this.#options.stepMs, (done) => onProgress(done, total), signal);
    const all = new Float32Array(total * this.classes);
    for (let i = 0; i < total; i += 1)
      all.set(
        answer.map((value) => value / (1 + (corners[2 * i] ?? 0))),
        i * this.classes,
      );
    return all;
  }

  /** One layer of four units, of which one is dead. */
  async activity(
    _packPath: string,
    images: number,
    onProgress: (done: number, total: number) => void,
    signal: CancelFlag,
  ): Promise<NativeLayerActivity[]> {
    this.#requireLoaded();
    await count(1, this.#options.stepMs, () => onProgress(images, images), signal);
    const each = (...values: number[]) => Float64Array.from(values);
    return [
      {
        layer: 'conv1',
        images,
        values: 10,
        mean: each(1, 2, 3, 0),
        deviation: each(1, 1, 1, 0),
        largest: each(4, 5, 6, 0),
        zeroShare: each(0.5, 0.25, 0, 1),
        saturatedShare: each(0, 0, 0, 0),
        activeImages: each(images, images, images, 0),
      },
    ];
  }

  async buildIndex(
    { indexPath }: IndexOptions,
    onProgress: (done: number, total: number) => void,
    signal: CancelFlag,
  ): Promise<void> {
    this.#requireLoaded();
    const { images, stepMs } = this.#options;
    await count(images, stepMs, (done) => onProgress(done, images), signal);
    writeFileSync(indexPath, 'index');
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  #requireOpen(): void {
    if (this.#closed) throw refuse('This predictor is closed.');
  }

  #requireLoaded(): void {
    this.#requireOpen();
    const missing = fakeParameters.find(({ name }) => !this.#loaded.has(name));
    if (missing !== undefined) throw refuse(`${missing.name} has not been loaded.`);
  }
}

async function writeFakePack(
  options: PackOptions,
  stepMs: number,
  onProgress: (progress: PackProgress) => void,
  signal: CancelFlag,
): Promise<PackResult> {
  const lines = readFileSync(options.planPath, 'utf8').trim().split('\n');
  const files = lines.map((line) => JSON.parse(line) as { path: string });
  let packed = 0;
  const results: string[] = [];
  const total = files.length;
  await count(
    total,
    stepMs,
    (done) => {
      const { path } = files[done - 1] ?? { path: '' };
      const bad = path.includes('bad');
      results.push(
        JSON.stringify(bad ? { error: 'CORRUPT_IMAGE', message: `${path} is damaged.` } : { record: packed }),
      );
      packed += bad ? 0 : 1;
      onProgress({ done, total, packed, skipped: done - packed, imagesPerSecond: 1000 / stepMs });
    },
    signal,
  );
  writeFileSync(options.resultPath, `${results.join('\n')}\n`);
  writeFileSync(options.packPath, '');
  return { found: total, packed, skipped: total - packed };
}

/** No picture, but bytes that tell one from another. */
function fakeJpeg(what: string): Uint8Array {
  return Buffer.concat([Buffer.from([0xff, 0xd8, 0xff]), Buffer.from(what)]);
}

function openFakePack({ images, classes, stepMs }: FakeOptions): NativePack {
  return {
    count: images,
    classes,
    statistics: {
      meanRgb: [120, 115, 100],
      covariance: [1, 0, 0, 0, 1, 0, 0, 0, 1],
      eigenvalues: [1, 1, 1],
      eigenvectors: [1, 0, 0, 0, 1, 0, 0, 0, 1],
    },
    meanImage: () => new Float32Array(256 * 256 * 3).fill(110),
    label: (index) => index % classes,
    // The first and the last record are the same.
    hashes: (first, count) =>
      BigUint64Array.from({ length: count }, (_, i) => BigInt((first + i) % Math.max(1, images - 1))),
    record: (index, jpegQuality) =>
      jpegQuality === undefined
        ? new Uint8Array(256 * 256 * 3).fill(index % Math.max(1, images - 1))
        : fakeJpeg(`record ${index}`),
    verify: (onProgress, signal) => count(images, stepMs, (done) => onProgress(done, images), signal),
    close: () => {},
  };
}

export function createFakeAddon(changes: Partial<FakeOptions> = {}): Addon {
  const options: FakeOptions = { ...fakeDefaults, ...changes };
  return {
    version: '0.0.0-fake',
    describeNet: () => {
      throw refuse('The fake engine describes no nets.');
    },
    checkConfig: (configJson) => {
      JSON.parse(configJson);
    },
    listDevices: () => [
      {
        id: 'cpu',
        name: 'fake',
        usable: true,
        reason: '',
        memoryBytes: 1,
        cores: 1,
        precisions: ['fp32'],
        instructions: [],
        library: 'fake',
        driver: '',
        computeCapability: '',
        freeBytes: -1,
        sharingReason: '',
        notes: [],
      },
    ],
    readGpuLoads: () => Promise.resolve([]),
    supportedFormats: () => ['jpeg'],
    loadSquare: (path, { size = 256, jpegQuality } = {}) =>
      Promise.resolve(
        jpegQuality === undefined ? new Uint8Array(size * size * 3) : fakeJpeg(`square of ${path}`),
      ),
    readImageInfo: (bytes) => {
      if (bytes.length === 0) throw new AppError('CORRUPT_IMAGE', 'The file is empty.');
      // A TIFF's first bytes; everything else is a JPEG.
      const format = Buffer.from(bytes).toString('latin1', 0, 3) === 'II*' ? 'tiff' : 'jpeg';
      return { format, width: 500, height: 375, orientation: 1, colour: 'rgb' };
    },
    decodeImage: (bytes) => Promise.resolve(fakeJpeg(`decoded ${bytes.length}`)),
    encodeJpeg: (pixels, width, height) => fakeJpeg(`${width}x${height} of ${pixels[0]},${pixels[1]}`),
    drawCrops: ({ cropSize, epochs, mirror, colourNoise }) =>
      Array.from({ length: epochs }, (_, i) => ({
        top: i % (257 - cropSize),
        left: 0,
        mirror: mirror && i % 2 === 1,
        colour: [colourNoise, 0, 0],
      })),
    testCrops: (cropSize) =>
      Array.from({ length: 10 }, (_, i) => ({
        top: i % 5 === 0 ? (256 - cropSize) >> 1 : 0,
        left: i % 5 === 0 ? (256 - cropSize) >> 1 : 0,
        mirror: i >= 5,
        colour: [0, 0, 0],
      })),
    writePack: (pack, onProgress, signal) => writeFakePack(pack, options.stepMs, onProgress, signal),
    openPack: () => openFakePack(options),
    createCancelFlag: () => new FakeCancelFlag(),
    createTrainer: async (trainer) => {
      await pause(1);
      return new FakeTrainer(trainer, options);
    },
    createPredictor: async () => {
      await pause(1);
      return new FakePredictor(options);
    },
    createAnswerSums: () => new FakeAnswerSums(options),
    openFeatureIndex: (path) => ({
      rows: options.images,
      features: 4,
      identity: 'fake',
      fileBytes: readFileSync(path).length,
      nearest: (_query, { count: wanted, leaveOut }) =>
        Promise.resolve(
          Array.from({ length: options.images }, (_, row) => ({ row, distance: row }))
            .filter(({ row }) => row !== leaveOut)
            .slice(0, wanted),
        ),
      close: () => {},
    }),
  };
}
