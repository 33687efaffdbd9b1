// What a photo reference stands for: a file, or an image of a pack.
import type { Split } from '../api/datasets.ts';
import { AppError } from '../api/errors.ts';
import type { PhotoReference } from '../api/operations/inspect.ts';
import { type DataDirectory, datasetFolder } from '../data/data-directory.ts';
import type { ReadableDatabase } from '../data/database.ts';
import { getDataset, listClasses } from '../data/datasets.ts';
import { packFile } from '../datasets/add.ts';
import type { PhotoSource } from '../engine/addon.ts';
import type { OpenPacks } from './open-packs.ts';
import type { PhotoService } from './photos.ts';

export interface PhotoSourceParts {
  db: ReadableDatabase;
  directory: DataDirectory;
  photos: PhotoService;
  packs: OpenPacks;
}

export class PhotoSources {
  readonly #parts: PhotoSourceParts;
  /** Class names by data set. */
  constructor(parts: PhotoSourceParts) {
    this.#parts = parts;
  }

  pack(datasetId: string, split: Split): string {
    return packFile(datasetFolder(this.#parts.directory, datasetId), split);
  }

  /** Throws NOT_FOUND. */
  resolve(photo: PhotoReference): { source: PhotoSource; trueClass: number | null } {
    const { db, photos, packs } = this.#parts;
    if ('photoId' in photo) return { source: { path: photos.existing(photo.photoId).path }, trueClass: null };
    const { datasetId, split, record } = photo;
    if (getDataset(db, datasetId) === undefined)
      throw new AppError('NOT_FOUND', 'this data set does not exist any more', { dataset: datasetId });
    const pack = packs.get(datasetId, split);
    if (record >= pack.count)
      throw new AppError('NOT_FOUND', `the ${split} split has ${pack.count} images; there is no ${record}`);
    return { source: { pack: this.pack(datasetId, split), record }, trueClass: pack.label(record) };
  }

  classNames(datasetId: string): string[] {
    return listClasses(this.#parts.db, datasetId).map(({ name }) => name);
  }
}
