// An evaluated image as its ten crops: what the model answers to each, and to all together.
import { AppError } from '../api/errors.ts';
import { imageUrls } from '../api/image-urls.ts';
import type { EvaluatedCrops } from '../api/operations/evaluations.ts';
import type { NamedPrediction, Prediction } from '../api/predictions.ts';
import type { ReadableDatabase } from '../data/database.ts';
import { findEvaluation } from '../data/evaluations.ts';
import { findModel } from '../data/models.ts';
import type { Addon } from '../engine/addon.ts';
import type { CheckpointFiles } from './checkpoint-files.ts';
import type { DatasetBrowser } from './dataset-browser.ts';
import { shownOrThrow } from './evaluation-images.ts';
import type { ModelHosts } from './model-hosts.ts';
import type { ModelResolver } from './model-resolver.ts';

export interface EvaluationCropsParts {
  db: ReadableDatabase;
  resolver: ModelResolver;
  hosts: ModelHosts;
  files: CheckpointFiles;
  browser: DatasetBrowser;
  addon: () => Addon;
}

const answersShown = 5;

export class EvaluationCrops {
  readonly #parts: EvaluationCropsParts;

  constructor(parts: EvaluationCropsParts) {
    this.#parts = parts;
  }

  /**
   * Asks the model again, with the file that the image was packed from. Throws NOT_FOUND where the image, its file or the
   * model's checkpoint is gone, INVALID_ARGUMENT for an average, and what is wrong with the file.
   */
  async show(id: string, record: number): Promise<EvaluatedCrops> {
    const { db, resolver, hosts, files, browser, addon } = this.#parts;
    const found = findEvaluation(db, id);
    if (found === undefined) {
      throw new AppError('NOT_FOUND', `there is no evaluation ${id}; it may have been removed`, {
        evaluation: id,
      });
    }
    const evaluation = shownOrThrow(db, found);
    const { runId, modelId, checkpointStep, datasetId, split } = evaluation;
    const reference =
      runId === null ? findModel(db, modelId ?? '')?.name : `${runId}@${checkpointStep ?? 'last'}`;
    if (reference === undefined) {
      throw new AppError(
        'INVALID_ARGUMENT',
        'an average of several models has no crops of its own; open the evaluation of one of them',
      );
    }
    await files.free(runId ?? undefined);
    const model = resolver.resolve(reference);
    const { file } = browser.locate(datasetId, split, record);
    const [answer] = await hosts.classify(model, 10, [file]);
    if (answer?.predictions === undefined) {
      const { code = 'INTERNAL', message = 'the engine gave no answer' } = answer?.error ?? {};
      throw new AppError(code, message, { path: file });
    }
    const named = (list: readonly Prediction[]): NamedPrediction[] =>
      list.slice(0, answersShown).map(({ class: label, probability }) => ({
        class: label,
        name: model.labels[label] ?? `class ${label}`,
        probability,
      }));
    const size = model.preprocessing.cropSize;
    const places = addon().testCrops(size);
    return {
      predictions: named(answer.predictions),
      crops: (answer.crops ?? []).flatMap((crop, place) => {
        const at = places[place];
        if (at === undefined) return [];
        const { top, left, mirror } = at;
        const image = imageUrls.recordCrop(datasetId, split, record, {
          top,
          left,
          size,
          mirror,
          colour: [0, 0, 0],
        });
        return [{ top, left, mirror, image, predictions: named(crop) }];
      }),
    };
  }
}
