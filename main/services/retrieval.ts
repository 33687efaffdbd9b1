// Retrieval: the images of a data set that a photo resembles most, by the distance of the last hidden layer's
// features (paper section 6.1). An index of them is built once for each checkpoint and split.
import { existsSync, statSync } from 'node:fs';
import type { Split } from '../api/datasets.ts';
import { AppError } from '../api/errors.ts';
import { imageUrls } from '../api/image-urls.ts';
import type { FeatureIndexEntry, Neighbours, PhotoReference } from '../api/operations/inspect.ts';
import type { DataDirectory } from '../data/data-directory.ts';
import type { WritableDatabase } from '../data/database.ts';
import { getDataset } from '../data/datasets.ts';
import {
  deleteIndex,
  findIndex,
  finishIndex,
  getIndex,
  insertIndex,
  listIndexes,
  type StoredIndex,
} from '../data/feature-indexes.ts';
import { newId } from '../data/ids.ts';
import { listModels } from '../data/models.ts';
import { getRun } from '../data/runs.ts';
import { EngineHost, type SpawnHost } from '../engine/client.ts';
import type { CheckpointFiles } from './checkpoint-files.ts';
import { indexFile, removeOrphanIndexes } from './index-files.ts';
import type { InspectHosts } from './inspect-hosts.ts';
import type { ModelResolver } from './model-resolver.ts';
import type { OpenPacks } from './open-packs.ts';
import type { PhotoSources } from './photo-sources.ts';

export interface RetrievalParts {
  db: WritableDatabase;
  directory: DataDirectory;
  models: ModelResolver;
  files: CheckpointFiles;
  hosts: InspectHosts;
  photos: PhotoSources;
  packs: OpenPacks;
  spawnHost: SpawnHost;
  threads: () => number;
  /** Ms UTC. */
  now: () => number;
}

export class RetrievalService {
  readonly #parts: RetrievalParts;

  constructor(parts: RetrievalParts) {
    this.#parts = parts;
    removeOrphanIndexes(parts.db, parts.directory);
  }

  list(): FeatureIndexEntry[] {
    return listIndexes(this.#parts.db).map((index) => this.#entry(index));
  }

  /** Of exactly these weights. Throws NOT_FOUND where there is no such model. */
  find(reference: string, datasetId: string, split: Split): StoredIndex | undefined {
    const { db, models } = this.#parts;
    const { runId, modelId, checkpointStep } = models.resolve(reference);
    return findIndex(db, { runId, modelId, checkpointStep, datasetId, split });
  }

  /** The index to build; one that was begun before goes on. Throws NOT_FOUND, INVALID_ARGUMENT where it is there. */
  prepare(reference: string, datasetId: string, split: Split): StoredIndex {
    const { db, models, packs, now } = this.#parts;
    const model = models.resolve(reference);
    const dataset = getDataset(db, datasetId);
    if (dataset?.state !== 'ready')
      throw new AppError('DATASET_NOT_READY', 'this data set is not ready or does not exist any more');
    const { runId, modelId, checkpointStep } = model;
    const wanted = { runId, modelId, checkpointStep, datasetId, split };
    const known = findIndex(db, wanted);
    if (known?.state === 'ready')
      throw new AppError('INVALID_ARGUMENT', 'there is an index of this model and these images already', {
        index: known.id,
      });
    if (known !== undefined) return known;
    const index: StoredIndex = {
      ...wanted,
      id: newId(),
      state: 'building',
      images: packs.get(datasetId, split).count,
      features: 0,
      sizeBytes: 0,
      elapsedMs: 0,
      createdAt: now(),
    };
    insertIndex(db, index);
    return index;
  }

  /** Rejects with CANCELLED after the signal: what is done is kept for another call. */
  async build(
    id: string,
    onProgress: (done: number, total: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { db, directory, models, files, photos, spawnHost, threads } = this.#parts;
    const index = this.#existing(id);
    const reference = this.#reference(index);
    await files.free(models.runOf(reference));
    const began = performance.now();
    await models.withModel(reference, async (model) => {
      if (signal.aborted) throw new AppError('CANCELLED', 'stopped before anything was computed');
      const { source } = model;
      const of = source.kind === 'checkpoint' ? `${source.file}#${source.checkpointId}` : source.file;
      const pack = photos.pack(index.datasetId, index.split);
      const packed = statSync(pack);
      const host = new EngineHost(
        spawnHost,
        {
          kind: 'index',
          netJson: JSON.stringify(model.net),
          model: source,
          preprocessing: model.preprocessing,
          devices: ['cpu'],
          threads: threads(),
          pack,
          indexFile: indexFile(directory, id),
          identity: JSON.stringify([of, index.datasetId, index.split, packed.size, packed.mtimeMs]),
        },
        { progress: ({ done, total }) => onProgress(done, total) },
      );
      const cancel = () => host.cancel();
      signal.addEventListener('abort', cancel);
      try {
        await host.ended;
      } finally {
        signal.removeEventListener('abort', cancel);
      }
      const features = this.#featuresOf(model.net);
      const sizeBytes = statSync(indexFile(directory, id)).size;
      const elapsedMs = performance.now() - began;
      await db.whenFree(() => finishIndex(db, id, { features, sizeBytes, elapsedMs }));
    });
  }

  remove(id: string): void {
    const { db, directory } = this.#parts;
    this.#existing(id);
    deleteIndex(db, id);
    removeOrphanIndexes(db, directory);
  }

  /** Throws NOT_FOUND, INVALID_ARGUMENT while it is built, and what the engine has against the photo. */
  async nearest(id: string, photo: PhotoReference, count: number, signal: AbortSignal): Promise<Neighbours> {
    const { db, directory, models, files, hosts, photos, packs } = this.#parts;
    const index = this.#existing(id);
    if (index.state !== 'ready')
      throw new AppError('INVALID_ARGUMENT', 'this index is not finished; build it, or wait for its job');
    const file = indexFile(directory, id);
    if (!existsSync(file))
      throw new AppError('NOT_FOUND', `${file} is gone; remove this index and build it again`);
    const { datasetId, split } = index;
    const own = 'photoId' in photo || photo.datasetId !== datasetId || photo.split !== split;
    const { source } = photos.resolve(photo);
    const reference = this.#reference(index);
    await files.free(models.runOf(reference));
    const began = performance.now();
    const { neighbours } = await models.withModel(reference, (model) =>
      hosts.ask(
        model,
        {
          kind: 'nearest',
          photo: source,
          indexFile: file,
          count,
          leaveOut: own ? -1 : photo.record,
        },
        signal,
      ),
    );
    const elapsedMs = performance.now() - began;
    const names = photos.classNames(datasetId);
    const pack = packs.get(datasetId, split);
    if (getDataset(db, datasetId) === undefined)
      throw new AppError('NOT_FOUND', 'this data set does not exist any more');
    return {
      elapsedMs,
      neighbours: neighbours.map(({ row, distance }) => {
        const label = pack.label(row);
        return {
          record: row,
          class: label,
          className: names[label] ?? `class ${label}`,
          distance,
          image: imageUrls.record(datasetId, split, row),
        };
      }),
    };
  }

  #existing(id: string): StoredIndex {
    const index = getIndex(this.#parts.db, id);
    if (index === undefined)
      throw new AppError('NOT_FOUND', 'this index does not exist any more', { index: id });
    return index;
  }

  /** MODEL that names exactly these weights. */
  #reference({ runId, modelId, checkpointStep }: StoredIndex): string {
    if (runId !== null) return `${runId}@${checkpointStep ?? 0}`;
    return listModels(this.#parts.db).find(({ id }) => id === modelId)?.name ?? '';
  }

  #entry(index: StoredIndex): FeatureIndexEntry {
    const { db } = this.#parts;
    const { id, runId, checkpointStep, datasetId, split, state, images, features } = index;
    const run = runId === null ? undefined : getRun(db, runId);
    const model = this.#reference(index);
    return {
      id,
      model,
      modelTitle: run === undefined ? model : `${run.name}, step ${checkpointStep ?? 0}`,
      datasetId,
      datasetName: getDataset(db, datasetId)?.name ?? '',
      split,
      state,
      images,
      features,
      sizeBytes: index.sizeBytes,
      elapsedMs: index.elapsedMs,
      createdAt: index.createdAt,
    };
  }

  #featuresOf({ layers }: { layers: readonly { width: number | 'classes' }[] }): number {
    const width = layers.at(-2)?.width;
    return typeof width === 'number' ? width : 0;
  }
}
