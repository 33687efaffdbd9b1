// Packs that images are read from, kept open for a while: opening one reads its labels and statistics.
import type { Split } from '../api/datasets.ts';
import { AppError } from '../api/errors.ts';
import { type DataDirectory, datasetFolder } from '../data/data-directory.ts';
import { packFile } from '../datasets/add.ts';
import type { Addon, NativePack } from '../engine/addon.ts';

const mostOpen = 8;

export class OpenPacks {
  readonly #directory: DataDirectory;
  readonly #addon: () => Addon;
  /** The least recently used first. */
  readonly #open = new Map<string, NativePack>();

  constructor(directory: DataDirectory, addon: () => Addon) {
    this.#directory = directory;
    this.#addon = addon;
  }

  /** Not to be closed or kept by the caller. Throws NOT_FOUND, CORRUPT_PACK, IO. */
  get(datasetId: string, split: Split): NativePack {
    const key = `${datasetId}/${split}`;
    const pack =
      this.#open.get(key) ??
      this.#addon().openPack(packFile(datasetFolder(this.#directory, datasetId), split));
    this.#open.delete(key);
    this.#open.set(key, pack);
    for (const [oldest, other] of this.#open) {
      if (this.#open.size <= mostOpen) break;
      this.#open.delete(oldest);
      other.close();
    }
    return pack;
  }

  /** One record's pixels or picture. Throws NOT_FOUND beyond the last, and as get(). */
  record(
    datasetId: string,
    split: Split,
    record: number,
    jpeg?: { quality: number; size?: number },
  ): Uint8Array {
    const pack = this.get(datasetId, split);
    if (record >= pack.count) {
      throw new AppError('NOT_FOUND', `the ${split} pack has ${pack.count} images; there is no ${record}`);
    }
    return jpeg === undefined ? pack.record(record) : pack.record(record, jpeg.quality, jpeg.size);
  }

  /** Before a data set is removed or packed anew. */
  forget(datasetId: string): void {
    for (const [key, pack] of this.#open) {
      if (!key.startsWith(`${datasetId}/`)) continue;
      this.#open.delete(key);
      pack.close();
    }
  }

  close(): void {
    for (const pack of this.#open.values()) pack.close();
    this.#open.clear();
  }
}
