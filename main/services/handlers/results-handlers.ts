// Handlers of evaluations, models, augmentation and the queue.
import { basename } from 'node:path';
import type { StudioHandlers } from '../../api/contract.ts';
import { AppError } from '../../api/errors.ts';
import type { ImportCorrections } from '../../api/models.ts';
import { findModel } from '../../data/models.ts';
import { averageName, listedModels, modelChoices, modelTitle } from '../model-choices.ts';
import { absolute, type HandlerParts } from './parts.ts';

export function jobsHandlers({ queue }: HandlerParts): StudioHandlers['jobs'] {
  return {
    list: () => queue.list(),
    watch: (_, signal) => queue.watch(signal),
    cancel: ({ id }) => queue.cancel(id),
    pause: ({ id }) => queue.pause(id),
    resume: ({ id }) => queue.resume(id),
    move: ({ id, before }) => queue.move(id, before),
    clear: () => queue.clear(),
  };
}

export function augmentationHandlers({ augmentation }: HandlerParts): StudioHandlers['augmentation'] {
  return {
    list: () => augmentation.list(),
    save: (request) => augmentation.save(request),
    remove: ({ id }) => augmentation.remove(id),
    preview: (request) => augmentation.preview(request),
  };
}

export function evaluationsHandlers(parts: HandlerParts): StudioHandlers['evaluations'] {
  const { db, evaluation, evaluations, evaluationCrops, datasets, queue, changes, resolver, files } = parts;
  return {
    list: ({ offset, limit, ...filter }) => evaluations.list(filter, { offset, limit }),
    async start({ models, datasetId, split, crops, ties }) {
      const dataset = datasets.byId(datasetId);
      for (const model of models) await files.free(resolver.runOf(model));
      const checked = evaluation.check({ models, dataset: dataset.name, split, crops, ties });
      const names = checked.models.map((model) => modelTitle(db, model));
      const title = `Evaluate ${averageName(names)} on ${dataset.name}`;
      const request = { models, datasetId, split, crops, ties };
      return { jobId: queue.add({ kind: 'evaluate', title, request, subject: datasetId }) };
    },
    show: ({ id }) => evaluations.show(id),
    classes: ({ id, ...request }) => evaluations.classes(id, request),
    pairs: ({ id, ...request }) => evaluations.pairs(id, request),
    confusion: ({ id, toRow = Number.MAX_SAFE_INTEGER, toColumn = Number.MAX_SAFE_INTEGER, ...part }) =>
      evaluations.confusion(id, { ...part, toRow, toColumn }),
    images: ({ id, of, ...page }) => evaluations.images(id, of, page),
    crops: ({ id, record }) => evaluationCrops.show(id, record),
    compare: ({ a, b }) => evaluations.compare(a, b),
    comparedImages: ({ a, b, cell, label, ...page }) =>
      evaluations.comparedImages(a, b, { cell, label }, page),
    exportComparison: ({ a, b }) => evaluations.exportComparison(a, b),
    export: ({ id, format }) => evaluations.export(id, format),
    remove({ id }) {
      evaluations.remove(id);
      changes.tell('evaluations', id);
    },
  };
}

function absoluteFiles({ file, labels, meanFile }: ImportCorrections & { file: string }): void {
  for (const path of [file, labels, meanFile]) if (path !== undefined) absolute(path);
}

export function modelsHandlers(parts: HandlerParts): StudioHandlers['models'] {
  const { db, directory, models, resolver, files, queue, changes } = parts;
  const existing = (id: string) => {
    const model = findModel(db, id);
    if (model === undefined) throw new AppError('NOT_FOUND', 'this model does not exist any more', { id });
    return model;
  };
  return {
    list: () => listedModels(db),
    show: ({ id }) => existing(id),
    choices: ({ search }) => modelChoices(db, directory, search),
    inspect({ file, ...corrections }) {
      absoluteFiles({ file, ...corrections });
      return models.inspect(file, corrections);
    },
    import(request) {
      absoluteFiles(request);
      return { jobId: queue.add({ kind: 'importModel', title: `Import model ${request.name}`, request }) };
    },
    async export(request) {
      absolute(request.file);
      await files.free(resolver.runOf(request.model));
      const title = modelTitle(db, resolver.resolve(request.model));
      const to = basename(request.file);
      return { jobId: queue.add({ kind: 'exportModel', title: `Export ${title} to ${to}`, request }) };
    },
    remove({ id }) {
      models.remove(existing(id).name);
      changes.tell('models', id);
    },
  };
}
