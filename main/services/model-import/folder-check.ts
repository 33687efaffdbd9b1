// A model's errors on a folder of class folders, whether it has all of the model's classes, some of them, or others as
// well: only photos of classes that the model knows are counted.
import { join } from 'node:path';
import { AppError } from '../../api/errors.ts';
import { fromFileSystem } from '../../data/data-directory.ts';
import { readFolder } from '../../datasets/walk.ts';
import type { SpawnHost } from '../../engine/client.ts';
import type { ClassNames } from '../class-names.ts';
import type { ModelResolver, ResolvedModel } from '../model-resolver.ts';
import { PhotoConversation } from '../photo-conversation.ts';
import { type FoundPhoto, findPhotos } from '../photo-paths.ts';
import { type ErrorsOnMatched, matchFolders } from './class-match.ts';

export interface FolderErrors extends ErrorsOnMatched {
  /** Photos of matched classes that cannot be read. */
  unreadable: number;
}

export interface FolderCheckerParts {
  models: ModelResolver;
  classNames: ClassNames;
  spawnHost: SpawnHost;
}

interface LabelledPhoto extends FoundPhoto {
  label: number;
}

const top = 5;
const photosAtOnce = 64;
const batch = 32;

export class FolderChecker {
  readonly #parts: FolderCheckerParts;

  constructor(parts: FolderCheckerParts) {
    this.#parts = parts;
  }

  /** `folder` holds a folder a class. Throws NOT_FOUND, INVALID_ARGUMENT where nothing can be matched, CANCELLED. */
  async check(
    model: string,
    folder: string,
    onProgress: (images: number) => void,
    signal?: AbortSignal,
  ): Promise<FolderErrors> {
    return await this.#parts.models.withModel(model, (resolved) =>
      this.#check(resolved, folder, onProgress, signal),
    );
  }

  async #check(
    model: ResolvedModel,
    folder: string,
    onProgress: (images: number) => void,
    signal: AbortSignal | undefined,
  ): Promise<FolderErrors> {
    const { classNames, spawnHost } = this.#parts;
    const { folders } = await readFolder(folder).catch((error: unknown) => {
      throw fromFileSystem(error, folder, 'reading the labelled folder');
    });
    const { matched, unmatched } = matchFolders(folders, model.labels, {
      nameOf: (name) => classNames.of(name),
      ids: classNames.ids(),
    });
    if (matched.length === 0) {
      const example = model.labels.slice(0, 3).join(', ');
      throw new AppError(
        'INVALID_ARGUMENT',
        `no folder in ${folder} is called as a class of ${model.title} (${example}, ...)`,
        { path: folder },
      );
    }
    const seen = new Set<number>();
    let [images, top1Hits, top5Hits, unreadable] = [0, 0, 0, 0];
    const options = { spawnHost, model, crops: 1 as const, top, threads: 0, listSize: photosAtOnce, batch };
    const conversation = new PhotoConversation<LabelledPhoto>(options, (photos, answers) => {
      photos.forEach(({ label }, i) => {
        const predictions = answers[i]?.predictions;
        if (predictions === undefined) {
          unreadable++;
          return;
        }
        const rank = predictions.findIndex((one) => one.class === label);
        images++;
        seen.add(label);
        if (rank === 0) top1Hits++;
        if (rank >= 0 && rank < top) top5Hits++;
      });
      onProgress(images + unreadable);
    });
    const cancel = () => conversation.cancel();
    signal?.addEventListener('abort', cancel);
    try {
      for (const { folder: name, label } of matched) {
        for await (const photo of findPhotos([join(folder, name)], signal)) {
          await conversation.add({ ...photo, label });
        }
      }
      await conversation.finish();
    } catch (error) {
      conversation.cancel();
      if (signal?.aborted) throw new AppError('CANCELLED', `stopped after ${images} photos`);
      throw error;
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
    if (images === 0) {
      throw new AppError('NOT_FOUND', `no photo in ${folder} of a class of ${model.title} can be read`, {
        path: folder,
      });
    }
    return {
      images,
      top1Error: 1 - top1Hits / images,
      top5Error: 1 - top5Hits / images,
      matchedClasses: seen.size,
      classes: model.labels.length,
      unmatched,
      unreadable,
    };
  }
}
