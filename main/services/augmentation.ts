// Augmentation: named settings, and what they make of an image, drawn by the engine exactly as training draws.
import { AppError } from '../api/errors.ts';
import { type CropView, imageUrls } from '../api/image-urls.ts';
import type { Draw, NamedAugmentation, Preview, PreviewRequest } from '../api/operations/augmentation.ts';
import type { AugmentationConfig } from '../api/run-config.ts';
import {
  deleteAugmentation,
  getAugmentation,
  insertAugmentation,
  listAugmentations,
  updateAugmentation,
} from '../data/augmentations.ts';
import type { WritableDatabase } from '../data/database.ts';
import { newId } from '../data/ids.ts';
import type { Addon, CropDraw } from '../engine/addon.ts';
import type { Changes } from './changes.ts';
import type { DatasetBrowser } from './dataset-browser.ts';
import type { PhotoService } from './photos.ts';

export interface AugmentationParts {
  db: WritableDatabase;
  browser: DatasetBrowser;
  photos: PhotoService;
  changes: Changes;
  addon: () => Addon;
  /** Ms UTC. */
  now: () => number;
}

export class AugmentationService {
  readonly #parts: AugmentationParts;

  constructor(parts: AugmentationParts) {
    this.#parts = parts;
  }

  list(): NamedAugmentation[] {
    return listAugmentations(this.#parts.db);
  }

  /** Throws NAME_TAKEN, NOT_FOUND. */
  save(request: { id?: string; name: string; settings: AugmentationConfig }): NamedAugmentation {
    const { db, changes, now } = this.#parts;
    const { name, settings } = request;
    const at = now();
    const id = request.id ?? newId();
    if (request.id === undefined)
      insertAugmentation(db, { id, name, settings, createdAt: at, updatedAt: at });
    else updateAugmentation(db, { id, name, settings, updatedAt: at });
    changes.tell('augmentations', id);
    const saved = getAugmentation(db, id);
    if (saved === undefined) throw new AppError('NOT_FOUND', 'these augmentation settings were removed');
    return saved;
  }

  /** Throws NOT_FOUND. */
  remove(id: string): void {
    deleteAugmentation(this.#parts.db, id);
    this.#parts.changes.tell('augmentations', id);
  }

  /** Throws NOT_FOUND, INVALID_ARGUMENT where colour noise has no data set to take its axes from. */
  preview(request: PreviewRequest): Preview {
    const { source, settings, cropSize, seed, epochs } = request;
    const { deviations, axes } = this.#colours(request);
    const addon = this.#parts.addon();
    const draws = addon.drawCrops({
      crop: settings.crop,
      mirror: settings.mirror,
      colourNoise: settings.colourNoise,
      cropSize,
      colourDeviations: deviations,
      colourAxes: axes,
      seed,
      image: source.kind === 'dataset' ? source.record : 0,
      epochs,
    });
    if (source.kind === 'photo') this.#parts.photos.existing(source.id);
    else this.#parts.browser.locate(source.id, source.split, source.record);
    const image = (view: CropView) =>
      source.kind === 'photo'
        ? imageUrls.photoCrop(source.id, view)
        : imageUrls.recordCrop(source.id, source.split, source.record, view);
    const toDraw = (draw: CropDraw): Draw => ({ ...draw, image: image({ ...draw, size: cropSize }) });
    const square =
      source.kind === 'photo'
        ? imageUrls.photoSquare(source.id)
        : imageUrls.record(source.id, source.split, source.record);
    return { cropSize, square, draws: draws.map(toDraw), testCrops: addon.testCrops(cropSize).map(toDraw) };
  }

  #colours({ source, statisticsOf, settings }: PreviewRequest): { deviations: number[]; axes: number[] } {
    const datasetId = statisticsOf ?? (source.kind === 'dataset' ? source.id : undefined);
    const statistics = datasetId === undefined ? null : this.#parts.browser.existing(datasetId).statistics;
    if (statistics === null) {
      if (settings.colourNoise > 0) {
        throw new AppError(
          'INVALID_ARGUMENT',
          'colour noise moves along the colour axes of a data set; choose one that is packed',
          { field: 'statisticsOf' },
        );
      }
      return { deviations: [0, 0, 0], axes: [1, 0, 0, 0, 1, 0, 0, 0, 1] };
    }
    return {
      deviations: statistics.eigenvalues.map((value) => Math.sqrt(Math.max(0, value))),
      axes: statistics.eigenvectors,
    };
  }
}
