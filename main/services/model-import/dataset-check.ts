// A model's errors on a data set, whether it has all of the model's classes in their order, some of them, or others as
// well: only images of classes that the model knows are counted.
import type { Split } from '../../api/datasets.ts';
import { AppError } from '../../api/errors.ts';
import type { ClassNames } from '../class-names.ts';
import { type DatasetPacks, type DatasetService, packOf } from '../datasets.ts';
import type { EvaluationService } from '../evaluation.ts';
import type { ModelResolver, ResolvedModel } from '../model-resolver.ts';
import { type ErrorsOnMatched, matchFolders, type UnmatchedFolder } from './class-match.ts';

export interface DatasetErrors extends ErrorsOnMatched {
  /** What was stored, where the classes are the model's in their order; otherwise null. */
  evaluation: string | null;
}

export interface DatasetCheckerParts {
  models: ModelResolver;
  datasets: DatasetService;
  evaluation: EvaluationService;
  classNames: ClassNames;
}

export class DatasetChecker {
  readonly #parts: DatasetCheckerParts;

  constructor(parts: DatasetCheckerParts) {
    this.#parts = parts;
  }

  /** Throws NOT_FOUND, DATASET_NOT_READY, INVALID_ARGUMENT where nothing can be matched, CANCELLED. */
  async check(
    {
      model,
      dataset,
      split,
      threads = 0,
    }: { model: string; dataset: string; split: Split; threads?: number },
    onProgress: (done: number, total: number) => void,
    signal?: AbortSignal,
  ): Promise<DatasetErrors> {
    return await this.#parts.models.withModel(model, async (resolved) => {
      const { evaluation, datasets } = this.#parts;
      const packs = datasets.packs(dataset);
      const pack = packOf(packs, split);
      const { classOf, unmatched } = this.#match(resolved, packs);
      const inOrder = classOf.length === resolved.labels.length && classOf.every((label, i) => label === i);
      const request = { models: [model], dataset, split, crops: 1, ties: 'first', threads } as const;
      const stored = inOrder ? await evaluation.evaluate(request, onProgress, signal) : undefined;
      const { images, top1Error, top5Error, classImages } =
        stored?.summary ??
        (await evaluation.measureKnown({ model: resolved, pack, classOf, threads }, onProgress, signal));
      if (images === 0) {
        throw new AppError(
          'NOT_FOUND',
          `no ${split === 'val' ? 'validation' : 'training'} image of ${dataset} is of a class of ${resolved.title}`,
        );
      }
      return {
        images,
        top1Error,
        top5Error,
        matchedClasses: classImages.filter((count) => count > 0).length,
        classes: resolved.labels.length,
        unmatched,
        evaluation: stored?.id ?? null,
      };
    });
  }

  /** The model's class for each of the data set's; -1: none. */
  #match(
    { labels, title }: ResolvedModel,
    { folders, labels: names, dataset }: DatasetPacks,
  ): { classOf: number[]; unmatched: UnmatchedFolder[] } {
    const { classNames } = this.#parts;
    const same = folders.map((_, label) => label);
    // Names that differ by case alone are told apart where they are the model's own.
    if (names.length === labels.length && names.every((name, i) => name === labels[i]))
      return { classOf: same, unmatched: [] };
    const { matched, unmatched } = matchFolders(folders, labels, {
      nameOf: (folder) => classNames.of(folder),
      ids: classNames.ids(),
    });
    if (matched.length > 0) {
      const known = new Map(matched.map(({ folder, label }) => [folder, label]));
      return { classOf: folders.map((folder) => known.get(folder) ?? -1), unmatched };
    }
    // A model's classes need not have names; as many as the data set's are taken to be these.
    if (names.length === labels.length) return { classOf: same, unmatched: [] };
    throw new AppError(
      'INVALID_ARGUMENT',
      `no class of data set ${dataset.name} is called as a class of ${title} (${labels.slice(0, 3).join(', ')}, ...)`,
    );
  }
}
