// Handlers of looking inside a net and of retrieval.
import type { StudioHandlers } from '../../api/contract.ts';
import { AppError } from '../../api/errors.ts';
import { getDataset } from '../../data/datasets.ts';
import { modelTitle } from '../model-choices.ts';
import type { HandlerParts } from './parts.ts';

export function inspectHandlers({ inspection }: HandlerParts): StudioHandlers['inspect'] {
  return {
    look: (request, signal) => inspection.look(request, signal),
    maps: (request, signal) => inspection.maps(request, signal),
    gradCam: (request, signal) => inspection.gradCam(request, signal),
    occlusion: (request, signal) => inspection.occlusion(request, signal),
    activity: ({ model }) => inspection.activity(model),
    measureActivity: (request, signal) => inspection.measureActivity(request, signal),
  };
}

export function retrievalHandlers(parts: HandlerParts): StudioHandlers['retrieval'] {
  const { db, retrieval, queue, resolver, files, changes } = parts;
  return {
    list: () => retrieval.list(),
    find({ model, datasetId, split }) {
      const index = retrieval.find(model, datasetId, split);
      return index === undefined ? null : { id: index.id };
    },
    async build({ model, datasetId, split }) {
      await files.free(resolver.runOf(model));
      const index = retrieval.prepare(model, datasetId, split);
      const waiting = queue.findBySubject(index.id, ['buildIndex']);
      if (waiting !== undefined) return { indexId: index.id, jobId: waiting.id };
      const of = `${modelTitle(db, resolver.resolve(model))} on ${getDataset(db, datasetId)?.name ?? ''}`;
      const request = { indexId: index.id };
      const jobId = queue.add({ kind: 'buildIndex', title: `Index of ${of}`, request, subject: index.id });
      changes.tell('indexes', index.id);
      return { indexId: index.id, jobId };
    },
    remove({ id }) {
      if (queue.findBySubject(id, ['buildIndex']) !== undefined)
        throw new AppError('BUSY', 'this index is being built; cancel its job first', { index: id });
      retrieval.remove(id);
      changes.tell('indexes', id);
    },
    nearest: ({ id, photo, count }, signal) => retrieval.nearest(id, photo, count, signal),
  };
}
