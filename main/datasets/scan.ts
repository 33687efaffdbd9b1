// Reads a split's folder: which classes there are, which files belong to each, and what cannot be used.
// Each sub-folder of the split's folder is a class; its files may lie at any depth below it.
import { stat } from 'node:fs/promises';
import { AppError } from '../api/errors.ts';
import { type FolderEntries, findFiles, readFolder, type SkippedFile } from './walk.ts';

export interface ClassFiles {
  /** The class folder's name. */
  folder: string;
  /** Relative to the split's folder, in byte order. */
  files: string[];
}

export interface SplitScan {
  /** In byte order of their folders; only those with at least one file. */
  classes: ClassFiles[];
  /** Found, but left out of the plan. */
  skipped: SkippedFile[];
  /** Hidden files and folders; not counted as found. */
  ignored: number;
  /** Class folders without a single file. */
  emptyClasses: string[];
}

/** The contents of a flat folder of validation photos, in the order in which label lines are meant. */
export interface FlatScan {
  files: string[];
  skipped: SkippedFile[];
  ignored: number;
}

/** Throws NOT_FOUND where `path` does not exist, INVALID_ARGUMENT where it is no folder, IO where it is shut. */
export async function assertFolder(path: string, what: string): Promise<void> {
  let isFolder: boolean;
  try {
    isFolder = (await stat(path)).isDirectory();
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) {
      throw new AppError('NOT_FOUND', `${what} ${path} does not exist`, { path });
    }
    throw new AppError('IO', `${what} ${path} cannot be read: ${messageOf(error)}`, { path });
  }
  if (!isFolder) throw new AppError('INVALID_ARGUMENT', `${what} ${path} is a file, not a folder`, { path });
}

/** A folder of class folders. Throws as assertFolder does, EMPTY_DATASET where no class has a file. */
export async function scanClassFolders(root: string, what: string, signal?: AbortSignal): Promise<SplitScan> {
  await assertFolder(root, what);
  const entries = await readTop(root, what);
  const scan: SplitScan = {
    classes: [],
    skipped: [...entries.skipped],
    ignored: entries.ignored,
    emptyClasses: [],
  };
  for (const name of entries.files) {
    scan.skipped.push({
      path: name,
      code: 'INVALID_LABELS',
      message: 'lies outside every class folder, so its class is not known',
    });
  }
  for (const folder of entries.folders) {
    const found = await findFiles(root, `${folder}/`, signal);
    scan.skipped.push(...found.skipped);
    scan.ignored += found.ignored;
    if (found.files.length > 0) scan.classes.push({ folder, files: found.files });
    else scan.emptyClasses.push(folder);
  }
  if (scan.classes.length === 0) throw nothingFound(root, what, scan, entries.files.length);
  return scan;
}

/** A folder of photos without class folders. Sub-folders are not entered: label lines could not be matched. */
export async function scanFlatFolder(root: string, what: string): Promise<FlatScan> {
  await assertFolder(root, what);
  const entries = await readTop(root, what);
  if (entries.files.length === 0) {
    throw new AppError(
      'EMPTY_DATASET',
      entries.folders.length > 0
        ? `${what} ${root} has ${entries.folders.length} sub-folders and no photos directly in it; with class ` +
            'folders no file of labels is needed: leave it out'
        : `${what} ${root} has no photos in it`,
      { path: root },
    );
  }
  return { files: entries.files, skipped: entries.skipped, ignored: entries.ignored };
}

/** One folder's entries. Throws IO where it is shut. */
export async function readTop(root: string, what: string): Promise<FolderEntries> {
  try {
    return await readFolder(root);
  } catch (error) {
    throw new AppError('IO', `${what} ${root} cannot be read: ${messageOf(error)}`, { path: root });
  }
}

function nothingFound(root: string, what: string, scan: SplitScan, looseFiles: number): AppError {
  const unreadable = scan.skipped.find((file) => file.code === 'IO');
  if (unreadable) {
    return new AppError('IO', `${what} ${root}: ${unreadable.path}: ${unreadable.message}`, { path: root });
  }
  const how = 'each class needs a folder of its own with its photos in it';
  const seen =
    looseFiles > 0
      ? `${looseFiles} files lie directly in it and no class folder has one`
      : scan.emptyClasses.length > 0
        ? `its ${scan.emptyClasses.length} class folders are empty`
        : 'it is empty';
  return new AppError('EMPTY_DATASET', `${what} ${root}: ${seen}; ${how}`, { path: root });
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
