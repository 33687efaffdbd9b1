// What a folder is before it is packed: class folders, or the splits of a data set, one level further down,
// which many people choose in place of their training folder.
import { join, resolve } from 'node:path';
import { trainFolderNames, valFolderNames } from '../api/datasets.ts';
import { AppError } from '../api/errors.ts';
import { assertFolder, readTop } from './scan.ts';

export interface FoundSplits {
  /** Absolute. */
  train: string;
  /** Null: there is no folder of validation photos. */
  val: { folder: string; flat: boolean } | null;
}

export interface FolderLook {
  /** Sub-folders, in byte order: the classes, where these are no splits. */
  folders: string[];
  splits: FoundSplits | null;
}

/** Throws NOT_FOUND, INVALID_ARGUMENT and IO, as assertFolder does, and IO where a folder is shut. */
export async function lookIntoFolder(path: string): Promise<FolderLook> {
  await assertFolder(path, 'folder');
  const { folders } = await readTop(path, 'folder');
  return { folders, splits: await splitsAmong(resolve(path), folders) };
}

/**
 * Throws as lookIntoFolder() does, and INVALID_ARGUMENT where a folder that was given as one of class folders holds a data set's splits:
 * "train" and "val" would become its classes.
 */
export async function refuseSplits(path: string): Promise<void> {
  const { splits } = await lookIntoFolder(path);
  if (splits === null) return;
  const use =
    splits.val === null
      ? `give ${splits.train}`
      : `give ${splits.train} for training and ${splits.val.folder} for validation`;
  throw new AppError(
    'INVALID_ARGUMENT',
    `the folders in ${path} are the splits of a data set, not its classes: ${use}`,
    { path, train: splits.train, ...(splits.val === null ? {} : { val: splits.val.folder }) },
  );
}

/** All of them are called as splits are, and the training one has folders of its own: the classes. */
async function splitsAmong(root: string, folders: string[]): Promise<FoundSplits | null> {
  const called = new Map(folders.map((name) => [name.toLowerCase(), name]));
  const named = (names: readonly string[]) =>
    names.map((name) => called.get(name)).find((name) => name !== undefined);
  const train = named(trainFolderNames);
  if (
    train === undefined ||
    [...called.keys()].some((name) => ![...trainFolderNames, ...valFolderNames].includes(name))
  )
    return null;
  if ((await readTop(join(root, train), 'folder')).folders.length === 0) return null;
  const val = named(valFolderNames);
  if (val === undefined) return { train: join(root, train), val: null };
  const folder = join(root, val);
  return {
    train: join(root, train),
    val: { folder, flat: (await readTop(folder, 'folder')).folders.length === 0 },
  };
}
