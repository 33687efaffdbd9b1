// Photos to classify: uploaded ones, of which the application keeps its own copy, and the user's own files. Screens
// know them by their ids.
import { createWriteStream, mkdirSync, rmSync } from 'node:fs';
import { rename, stat } from 'node:fs/promises';
import { basename, isAbsolute, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../api/errors.ts';
import { imageUrls } from '../api/image-urls.ts';
import type { Photo } from '../api/operations/classify.ts';
import type { Page } from '../api/paging.ts';
import { checkId, type DataDirectory, fromFileSystem } from '../data/data-directory.ts';
import type { WritableDatabase } from '../data/database.ts';
import { newId } from '../data/ids.ts';
import {
  deletePhoto,
  findPhotoOfPath,
  getPhoto,
  insertPhoto,
  pagePhotos,
  type StoredPhoto,
} from '../data/photos.ts';
import type { Changes } from './changes.ts';

/** As the engine's ImageLimits: larger files are not decoded anyway. */
export const largestPhotoBytes = 200_000_000;

export interface PhotoParts {
  db: WritableDatabase;
  directory: DataDirectory;
  changes: Changes;
  /** Ms UTC. */
  now: () => number;
}

export class PhotoService {
  readonly #parts: PhotoParts;

  constructor(parts: PhotoParts) {
    this.#parts = parts;
  }

  get folder(): string {
    return join(this.#parts.directory.root, 'photos');
  }

  /** Keeps a copy of the bytes. Throws IMAGE_TOO_LARGE, DISK_FULL, IO; nothing is left of it then. */
  async upload(name: string, bytes: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<Photo> {
    const id = newId();
    const path = join(this.folder, checkId(id));
    const unfinished = `${path}.part`;
    let sizeBytes = 0;
    const counted = async function* () {
      for await (const chunk of bytes) {
        sizeBytes += chunk.byteLength;
        if (sizeBytes > largestPhotoBytes) {
          throw new AppError('IMAGE_TOO_LARGE', `${name} is larger than ${largestPhotoBytes / 1e6} MB`);
        }
        yield chunk;
      }
    };
    try {
      mkdirSync(this.folder, { recursive: true, mode: 0o700 });
      await pipeline(Readable.from(counted()), createWriteStream(unfinished, { mode: 0o600 }), { signal });
      if (sizeBytes === 0) throw new AppError('CORRUPT_IMAGE', `${name} is empty`);
      await rename(unfinished, path);
    } catch (error) {
      rmSync(unfinished, { force: true });
      throw error instanceof AppError || signal.aborted
        ? error
        : fromFileSystem(error, path, 'keeping the photo');
    }
    return await this.#add({ id, name: shortName(name), path, uploaded: true, sizeBytes });
  }

  /** The user's own files by their absolute paths; a file that is known already keeps its id. */
  async addPaths(paths: readonly string[]): Promise<Photo[]> {
    const photos: Photo[] = [];
    for (const given of paths) {
      if (!isAbsolute(given)) throw new AppError('INVALID_ARGUMENT', `${given} is no absolute path`);
      const path = resolve(given);
      const found = await stat(path).catch((error: unknown) => {
        throw fromFileSystem(error, path, 'reading');
      });
      if (!found.isFile()) {
        throw new AppError('INVALID_ARGUMENT', `${path} is no file; classify folders as a whole`, { path });
      }
      const known = findPhotoOfPath(this.#parts.db, path);
      photos.push(
        known === undefined
          ? await this.#add({
              id: newId(),
              name: basename(path),
              path,
              uploaded: false,
              sizeBytes: found.size,
            })
          : toPhoto(known),
      );
    }
    return photos;
  }

  page(page: Page): { total: number; photos: Photo[] } {
    const { total, photos } = pagePhotos(this.#parts.db, page);
    return { total, photos: photos.map(toPhoto) };
  }

  /** Throws NOT_FOUND. */
  existing(id: string): StoredPhoto {
    const photo = getPhoto(this.#parts.db, id);
    if (photo === undefined) throw new AppError('NOT_FOUND', 'this photo was removed', { photo: id });
    return photo;
  }

  /** The user's own file stays where it is. Throws NOT_FOUND. */
  remove(id: string): void {
    const photo = this.existing(id);
    deletePhoto(this.#parts.db, id);
    if (photo.uploaded) rmSync(photo.path, { force: true });
    this.#parts.changes.tell('photos');
  }

  async #add(photo: Omit<StoredPhoto, 'createdAt'>): Promise<Photo> {
    const { db } = this.#parts;
    const stored = { ...photo, createdAt: this.#parts.now() };
    await db.whenFree(() => insertPhoto(db, stored));
    this.#parts.changes.tell('photos', photo.id);
    return toPhoto(stored);
  }
}

function toPhoto({ path: _path, ...photo }: StoredPhoto): Photo {
  return { ...photo, image: imageUrls.photo(photo.id) };
}

/** What a browser calls a file is any text: it is shown, and never becomes part of a path. */
function shortName(name: string): string {
  const last =
    name
      .replace(/\p{Cc}/gu, '')
      .split(/[/\\]/)
      .at(-1) ?? '';
  return last.slice(0, 200) || 'photo';
}
