// Image bytes for the screens: by the ids of what they belong to, never by a path.
import type { Split } from '../api/datasets.ts';
import { AppError } from '../api/errors.ts';
import type { CropView } from '../api/image-urls.ts';
import type { ReadableDatabase } from '../data/database.ts';
import { getPrediction } from '../data/predictions.ts';
import { encodePng } from '../datasets/sample/png.ts';
import type { Addon } from '../engine/addon.ts';
import { cropPixels, meanPixels, squareSide } from './crop-view.ts';
import type { DatasetBrowser } from './dataset-browser.ts';
import type { LiveKernelViews } from './live-kernels.ts';
import type { MadePictures } from './made-pictures.ts';
import type { OpenPacks } from './open-packs.ts';
import { largestPhotoBytes, type PhotoService } from './photos.ts';
import { readPhoto } from './read-photo.ts';
import type { RunInspector } from './run-inspector.ts';

export interface Picture {
  bytes: Uint8Array;
  mediaType: string;
  /** What it shows never changes. */
  lasting: boolean;
}

export interface ImageParts {
  db: ReadableDatabase;
  browser: DatasetBrowser;
  packs: OpenPacks;
  photos: PhotoService;
  inspector: RunInspector;
  liveKernels: LiveKernelViews;
  pictures: MadePictures;
  addon: () => Addon;
}

const quality = 90;
const thumbnailQuality = 80;

/** Formats that every browser shows; the others are sent as JPEG. */
const shownByBrowsers: Readonly<Record<string, string>> = {
  jpeg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  gif: 'image/gif',
  bmp: 'image/bmp',
  avif: 'image/avif',
};

export class ImageService {
  readonly #parts: ImageParts;

  constructor(parts: ImageParts) {
    this.#parts = parts;
  }

  /** The packed square, smaller or as a crop. Throws NOT_FOUND, INVALID_ARGUMENT. */
  record(
    datasetId: string,
    split: Split,
    record: number,
    view: { size?: number; crop?: CropView } = {},
  ): Picture {
    const { packs, browser } = this.#parts;
    browser.existing(datasetId);
    if (view.crop !== undefined) return this.#crop(packs.record(datasetId, split, record), view.crop);
    const jpeg = view.size === undefined ? { quality } : { quality: thumbnailQuality, size: view.size };
    return { ...lastingJpeg, bytes: packs.record(datasetId, split, record, jpeg) };
  }

  /** The file that a record was packed from. Throws NOT_FOUND, IO, and what is wrong with the image. */
  async original(datasetId: string, split: Split, record: number): Promise<Picture> {
    return await this.#wholeFile(this.#parts.browser.locate(datasetId, split, record).file);
  }

  /** Throws NOT_FOUND. */
  mean(datasetId: string): Picture {
    const { packs, browser, addon } = this.#parts;
    browser.existing(datasetId);
    const pixels = meanPixels(packs.get(datasetId, 'train').meanImage());
    return { ...lastingJpeg, bytes: addon().encodeJpeg(pixels, squareSide, squareSide, 95) };
  }

  async photo(id: string): Promise<Picture> {
    return await this.#wholeFile(this.#parts.photos.existing(id).path);
  }

  async photoSquare(id: string, view: { size?: number; crop?: CropView } = {}): Promise<Picture> {
    const { path } = this.#parts.photos.existing(id);
    if (view.crop !== undefined) return this.#crop(await this.#parts.addon().loadSquare(path), view.crop);
    return await this.#square(path, view.size);
  }

  /** The raw 256x256 square of a photo. */
  async photoPixels(id: string): Promise<Uint8Array> {
    return await this.#parts.addon().loadSquare(this.#parts.photos.existing(id).path);
  }

  /** The file of an answer in the history. */
  async prediction(id: number, size?: number): Promise<Picture> {
    const prediction = getPrediction(this.#parts.db, id);
    if (prediction === undefined)
      throw new AppError('NOT_FOUND', 'this answer is not in the history any more');
    return await this.#square(prediction.path, size);
  }

  /** Throws NOT_FOUND. */
  made(id: string): Picture {
    return { bytes: this.#parts.pictures.get(id), mediaType: 'image/png', lasting: true };
  }

  async kernels(runId: string, checkpointId: number): Promise<Picture> {
    const { tiles, pixels } = await this.#parts.inspector.kernelPicture(runId, checkpointId);
    return { bytes: encodePng(tiles.width, tiles.height, pixels), mediaType: 'image/png', lasting: true };
  }

  /** Throws NOT_FOUND where newer ones have taken their place. */
  liveKernels(runId: string, step: number): Picture {
    const { tiles, pixels } = this.#parts.liveKernels.picture(runId, step);
    return { bytes: encodePng(tiles.width, tiles.height, pixels), mediaType: 'image/png', lasting: true };
  }

  async kernelsAt(runId: string, step: number): Promise<Picture> {
    const { tiles, pixels } = await this.#parts.inspector.kernelPictureAt(runId, step);
    return { bytes: encodePng(tiles.width, tiles.height, pixels), mediaType: 'image/png', lasting: true };
  }

  #crop(square: Uint8Array, crop: CropView): Picture {
    const pixels = cropPixels(square, crop);
    return { ...lastingJpeg, bytes: this.#parts.addon().encodeJpeg(pixels, crop.size, crop.size, quality) };
  }

  async #square(path: string, size: number | undefined): Promise<Picture> {
    const options = {
      jpegQuality: size === undefined ? quality : thumbnailQuality,
      ...(size ? { size } : {}),
    };
    return {
      mediaType: 'image/jpeg',
      lasting: false,
      bytes: await this.#parts.addon().loadSquare(path, options),
    };
  }

  async #wholeFile(path: string): Promise<Picture> {
    const bytes = await readPhoto(path, largestPhotoBytes);
    const { format } = this.#parts.addon().readImageInfo(bytes);
    const mediaType = shownByBrowsers[format];
    if (mediaType !== undefined) return { bytes, mediaType, lasting: false };
    return {
      bytes: await this.#parts.addon().decodeImage(bytes, quality),
      mediaType: 'image/jpeg',
      lasting: false,
    };
  }
}

const lastingJpeg = { mediaType: 'image/jpeg', lasting: true } as const;
