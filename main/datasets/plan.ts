// From folders to the list of files that are packed: which classes there are, which file belongs to which
// split and class, in pack order.
import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { DatasetSource, Split } from '../api/datasets.ts';
import { AppError } from '../api/errors.ts';
import { compareBytes } from './byte-order.ts';
import { scanLabelledList } from './labelled-list.ts';
import { readFlatLabels } from './labels.ts';
import { type ClassFiles, scanClassFolders, scanFlatFolder } from './scan.ts';
import { splitByFraction } from './split.ts';
import { refuseSplits } from './splits.ts';
import type { SkippedFile } from './walk.ts';

export interface PlannedFile {
  /** Relative to the split's folder. */
  path: string;
  label: number;
}

export interface PlannedSplit {
  split: Split;
  /** The split's folder, absolute. */
  root: string;
  /** In pack order: by label, then by path, both in byte order of the names. */
  files: PlannedFile[];
  /** Found, but not to be packed. */
  skipped: SkippedFile[];
}

export interface DatasetPlan {
  /** Class folders; a class's label is its index. */
  classes: string[];
  splits: PlannedSplit[];
  /** Class folders without a file; they are no classes. */
  emptyClasses: string[];
}

/** Throws NOT_FOUND, IO, INVALID_ARGUMENT, EMPTY_DATASET, INVALID_LABELS, saying which folder and what to do. */
export async function planDataset(source: DatasetSource, signal?: AbortSignal): Promise<DatasetPlan> {
  const { trainFolder, trainLabelsFile } = source;
  if (trainLabelsFile === undefined) await refuseSplits(trainFolder);
  const scan =
    trainLabelsFile === undefined
      ? await scanClassFolders(trainFolder, 'training folder', signal)
      : await scanLabelledList(trainLabelsFile, trainFolder);
  if (scan.classes.length < 2) {
    throw new AppError(
      'EMPTY_DATASET',
      `${trainLabelsFile === undefined ? `training folder ${trainFolder}` : `list ${trainLabelsFile}`} has one class, '${scan.classes[0]?.folder}'; a classifier needs at ` +
        'least two',
      { path: source.trainFolder },
    );
  }
  const classes = scan.classes.map(({ folder }) => folder);
  const labels = new Map(classes.map((folder, label) => [folder, label]));
  const train: PlannedSplit = {
    split: 'train',
    root: resolve(source.trainFolder),
    files: toFiles(scan.classes, labels),
    skipped: scan.skipped,
  };
  const plan: DatasetPlan = { classes, splits: [train], emptyClasses: scan.emptyClasses };
  if (source.valFraction !== undefined) {
    const halves = splitByFraction(scan.classes, source.valFraction);
    train.files = toFiles(halves.train, labels);
    plan.splits.push({ split: 'val', root: train.root, files: toFiles(halves.val, labels), skipped: [] });
  } else if (source.valFolder !== undefined) {
    plan.splits.push(await planValidation(source, source.valFolder, labels, signal));
  }
  for (const { split, files, root } of plan.splits) {
    if (files.length > 0) continue;
    throw new AppError('EMPTY_DATASET', `no photo is left for the ${split} split of ${root}`, { path: root });
  }
  return plan;
}

async function planValidation(
  source: DatasetSource,
  valFolder: string,
  labels: ReadonlyMap<string, number>,
  signal: AbortSignal | undefined,
): Promise<PlannedSplit> {
  if (resolve(valFolder) === resolve(source.trainFolder)) {
    throw new AppError(
      'INVALID_ARGUMENT',
      `validation and training folder are the same, ${valFolder}; to hold a share of its images out give that fraction instead`,
      { path: valFolder },
    );
  }
  const what = 'validation folder';
  const root = resolve(valFolder);
  if (source.valLabelsFile !== undefined) {
    const flat = await scanFlatFolder(valFolder, what);
    const { folderOf } = await readFlatLabels(
      source.valLabelsFile,
      source.devkitMapFile,
      flat.files,
      new Set(labels.keys()),
    );
    const files = flat.files.map((path) => ({ path, label: labels.get(folderOf.get(path) ?? '') ?? -1 }));
    files.sort((a, b) => a.label - b.label || compareBytes(a.path, b.path));
    return { split: 'val', root, files, skipped: flat.skipped };
  }
  const scan = await scanClassFolders(valFolder, what, signal).catch((error: unknown) => {
    throw withFlatHint(error, valFolder);
  });
  const unknown = scan.classes.filter(({ folder }) => !labels.has(folder)).map(({ folder }) => folder);
  if (unknown.length > 0) {
    throw new AppError(
      'INVALID_LABELS',
      `validation folder ${valFolder} has ${unknown.length} classes that the training folder does not have, the ` +
        `first is '${unknown[0]}'`,
      { path: valFolder, classes: unknown.slice(0, 20) },
    );
  }
  return { split: 'val', root, files: toFiles(scan.classes, labels), skipped: scan.skipped };
}

/** Photos directly in the validation folder are usually a flat split whose labels were not given. */
function withFlatHint(error: unknown, valFolder: string): unknown {
  if (!(error instanceof AppError) || error.code !== 'EMPTY_DATASET') return error;
  return new AppError(
    'EMPTY_DATASET',
    `${error.message}; for a flat folder ${valFolder} give a file of its labels, too`,
    error.details,
  );
}

function toFiles(classes: readonly ClassFiles[], labels: ReadonlyMap<string, number>): PlannedFile[] {
  return classes.flatMap(({ folder, files }) =>
    files.map((path) => ({ path, label: labels.get(folder) ?? -1 })),
  );
}

/** JSON lines {"path", "label"} as the engine reads them, written whole or not at all. */
export async function writePlan(split: PlannedSplit, file: string): Promise<void> {
  const unfinished = `${file}.part`;
  await pipeline(Readable.from(planChunks(split)), createWriteStream(unfinished));
  await rename(unfinished, file);
}

function* planChunks(split: PlannedSplit): Generator<string> {
  const atOnce = 1000;
  for (let i = 0; i < split.files.length; i += atOnce) {
    const lines = split.files
      .slice(i, i + atOnce)
      .map(({ path, label }) => `${JSON.stringify({ path: join(split.root, path), label })}\n`);
    yield lines.join('');
  }
}
