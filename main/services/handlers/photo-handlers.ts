// Handlers of photos: classified, searched, labelled.
import { basename } from 'node:path';
import type { StudioHandlers } from '../../api/contract.ts';
import { AppError } from '../../api/errors.ts';
import { predictionFacets } from '../../data/prediction-search.ts';
import { countSweep, deleteSweep, listSweeps, type StoredSweep } from '../../data/sweeps.ts';
import { modelTitle } from '../model-choices.ts';
import { absolute, type HandlerParts } from './parts.ts';

const sweepsShown = 200;

export function classifyHandlers(parts: HandlerParts): StudioHandlers['classify'] {
  const { db, photos, answers, resolver, files, queue, sweeps, changes } = parts;
  const jobOf = (id: string) => queue.findBySubject(id, ['classify']);
  const show = ({ id, paths, model, crops, createdAt, endedAt }: StoredSweep) => {
    const { files, failed } = countSweep(db, id);
    const jobId = jobOf(id)?.id ?? null;
    return { id, paths, model, crops, createdAt, endedAt, files, failed, jobId };
  };
  return {
    addPaths: ({ paths }) => photos.addPaths(paths),
    photos: (page) => photos.page(page),
    removePhoto: ({ id }) => photos.remove(id),
    photosWith: (request, signal) => answers.ask(request, signal),
    async folder(request) {
      for (const path of request.paths) absolute(path);
      await files.free(resolver.runOf(request.model));
      const title = modelTitle(db, resolver.resolve(request.model));
      const [first = ''] = request.paths;
      const what = request.paths.length === 1 ? basename(first) : `${request.paths.length} files and folders`;
      const { id } = sweeps.open(request);
      const known = jobOf(id);
      if (known !== undefined) return { id, jobId: known.id };
      const job = { kind: 'classify', title: `Classify ${what} with ${title}`, subject: id } as const;
      return { id, jobId: queue.add({ ...job, request: { sweepId: id } }) };
    },
    sweeps: () => listSweeps(db, sweepsShown).map(show),
    sweep: ({ id }) => show(sweeps.existing(id)),
    removeSweep({ id }) {
      const job = jobOf(id);
      if (job !== undefined) throw new AppError('BUSY', `"${job.title}" is under way; cancel it first`);
      deleteSweep(db, id);
      changes.tell('predictions', id);
    },
    results: (request) => answers.results(request),
    resultsCsv: ({ id }) => answers.resultsCsv(id, sweeps.existing(id).top),
    search({ offset, limit, order, ...filter }) {
      if (filter.folder !== undefined) absolute(filter.folder);
      return answers.search(filter, order, { offset, limit });
    },
    facets: () => predictionFacets(db),
    history: (page) => answers.history(page),
    clearHistory: () => answers.clearHistory(),
  };
}

export function labelsHandlers({
  labelling,
  datasets,
  queue,
  changes,
}: HandlerParts): StudioHandlers['labels'] {
  return {
    next: ({ sweepId, order, limit }) => labelling.next(sweepId, order, limit),
    classes: ({ sweepId }) => labelling.classes(sweepId),
    give({ id, className }) {
      labelling.give(id, className);
      changes.tell('labels');
    },
    takeBack({ id }) {
      labelling.takeBack(id);
      changes.tell('labels');
    },
    askAgain() {
      labelling.askAgain();
      changes.tell('labels');
    },
    counts: () => labelling.counts(),
    async makeDataset({ name, valFraction }) {
      const request = await labelling.datasetRequest(name, valFraction);
      await datasets.check(request);
      return { jobId: queue.add({ kind: 'addDataset', title: `Add data set ${name}`, request }) };
    },
  };
}

export function sortingHandlers({ sorting, queue }: HandlerParts): StudioHandlers['sorting'] {
  return {
    plan({ sweepId, settings }, signal) {
      absolute(settings.to);
      return sorting.plan(sweepId, settings, signal);
    },
    show: ({ id }) => sorting.summary(id),
    files: (request) => sorting.files(request),
    apply({ id }) {
      const { settings } = sorting.existing(id);
      const known = queue.findBySubject(id, ['sortPhotos']);
      if (known !== undefined) return { jobId: known.id };
      const title = `${settings.mode === 'move' ? 'Move' : 'Copy'} photos into ${basename(settings.to)}`;
      return { jobId: queue.add({ kind: 'sortPhotos', title, request: { sortingId: id }, subject: id }) };
    },
    undo({ id }) {
      const { settings } = sorting.existing(id);
      const known = queue.findBySubject(id, ['sortPhotos']);
      if (known !== undefined) {
        throw new AppError('BUSY', 'these photos are being sorted or put back; wait for it, or stop it');
      }
      const title = `Put back what was sorted into ${basename(settings.to)}`;
      const request = { sortingId: id, undo: true };
      return { jobId: queue.add({ kind: 'sortPhotos', title, request, subject: id }) };
    },
  };
}

export function watchesHandlers({ watches, files, resolver }: HandlerParts): StudioHandlers['watches'] {
  return {
    list: () => watches.list(),
    async add({ folder, ...request }) {
      absolute(folder);
      await files.free(resolver.runOf(request.model));
      return watches.add(folder, request);
    },
    setActive: ({ id, active }) => watches.setActive(id, active),
    remove: ({ id }) => watches.remove(id),
  };
}
