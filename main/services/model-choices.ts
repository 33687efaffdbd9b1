// What can evaluate and classify: imported models, and runs that have a checkpoint.
import { readdirSync } from 'node:fs';
import { claimSchema, modelCheckSchema } from '../api/models.ts';
import type { ListedModel, ModelChoice } from '../api/operations/models.ts';
import type { DataDirectory } from '../data/data-directory.ts';
import type { ReadableDatabase } from '../data/database.ts';
import { listEvaluationsOfModel } from '../data/evaluations.ts';
import { listModels } from '../data/models.ts';
import { getRun, listRuns } from '../data/runs.ts';
import type { ResolvedModel } from './model-resolver.ts';

const mostRuns = 200;
const runsLookedAt = 10_000;

/** A model as people know it: the run's name instead of its id. */
export function modelTitle(db: ReadableDatabase, { title, runId, checkpointStep }: ResolvedModel): string {
  const run = runId === null ? undefined : getRun(db, runId);
  return run === undefined
    ? title
    : `${run.name}${checkpointStep === null ? '' : `, step ${checkpointStep}`}`;
}

const namesShown = 3;

/** What an average of these is called: "alpha + beta + gamma + 2 more". */
export function averageName(names: readonly string[]): string {
  const shown = names.slice(0, names.length > namesShown + 1 ? namesShown : names.length);
  const more = names.length - shown.length;
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(' + ');
}

export function listedModels(db: ReadableDatabase): ListedModel[] {
  return listModels(db).map((model) => {
    const { id, name, format, preset, parameters, sizeBytes, createdAt, labels, source } = model;
    const claim = claimSchema.safeParse(source.claim);
    const measured = listEvaluationsOfModel(db, id)
      .filter(({ crops }) => crops === 1)
      .at(-1);
    const kept = modelCheckSchema.safeParse(source.check);
    const check = kept.success && kept.data.at > (measured?.createdAt ?? 0) ? kept.data : undefined;
    return {
      id,
      name,
      format,
      preset,
      parameters,
      sizeBytes,
      createdAt,
      classes: labels.length,
      publishedTop1: claim.success ? claim.data.top1Error : null,
      measuredTop1: (check ?? measured)?.top1Error ?? null,
      measuredOn: (check ?? measured)?.datasetName ?? null,
      measuredClasses: check?.matchedClasses ?? null,
    };
  });
}

/** Imported models by name, then runs, newest first. A checkpoint file may be empty still: using it says so. */
export function modelChoices(db: ReadableDatabase, directory: DataDirectory, search: string): ModelChoice[] {
  const wanted = search.trim().toLowerCase();
  const fits = (...texts: string[]) => texts.some((text) => text.toLowerCase().includes(wanted));
  const models = listModels(db)
    .filter(({ name, preset }) => fits(name, preset))
    .map(
      ({ id, name, preset, createdAt }): ModelChoice => ({
        reference: name,
        title: name,
        kind: 'model',
        id,
        preset,
        datasetId: null,
        bestTop1Error: null,
        createdAt,
      }),
    );
  const files = new Set(readdirSync(directory.runsFolder));
  const runs = listRuns(db, { limit: runsLookedAt })
    .filter(
      ({ id, name, preset, datasetName }) => files.has(`${id}.sqlite`) && fits(id, name, preset, datasetName),
    )
    .slice(0, mostRuns)
    .map(
      ({ id, name, preset, datasetId, bestTop1Error, createdAt }): ModelChoice => ({
        reference: id,
        title: name,
        kind: 'run',
        id,
        preset,
        datasetId,
        bestTop1Error,
        createdAt,
      }),
    );
  return [...models, ...runs];
}
