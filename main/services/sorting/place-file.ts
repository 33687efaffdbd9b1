// Puts one photo where it belongs without ever writing over anything: a name that is taken is an error, and a photo
// that moves leaves its old place only when its new one is safe on the disk.
import { createHash, randomBytes } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import {
  copyFile,
  link,
  lstat,
  open,
  readlink,
  realpath,
  rm,
  stat,
  symlink,
  unlink,
  utimes,
} from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { AppError } from '../../api/errors.ts';
import { fromFileSystem } from '../../data/data-directory.ts';
import type { StoredFile } from '../../data/sortings.ts';

/** File systems without hard links say one of these; EXDEV: the other place is on another disk. */
const cannotLink: ReadonlySet<string> = new Set([
  'EXDEV',
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'EMLINK',
  'ENOSYS',
]);

function systemCode(error: unknown): string {
  return error instanceof Error ? String(Reflect.get(error, 'code')) : '';
}

/** The photo is not what was classified any more: it is left, and nothing is wrong. */
export class LeftAlone extends Error {}

/** The file under its new name as well as the old. Throws LeftAlone, DISK_FULL, IO. */
export async function placeFile(
  {
    source,
    target,
    sizeBytes,
    modifiedAt,
  }: Pick<StoredFile, 'source' | 'sizeBytes' | 'modifiedAt'> & {
    target: string;
  },
  mode: 'copy' | 'move',
): Promise<void> {
  const found = await lstat(source).catch(() => undefined);
  const meant = found?.isSymbolicLink() ? await stat(source).catch(() => undefined) : found;
  if (found === undefined || meant === undefined || !meant.isFile()) {
    throw new LeftAlone('the photo is not there any more');
  }
  if (meant.size !== sizeBytes || Math.floor(meant.mtimeMs) !== modifiedAt) {
    throw new LeftAlone('the photo has changed since');
  }
  try {
    if (mode === 'copy') await copyTo(source, target, { verify: false });
    else if (found.isSymbolicLink()) await symlink(resolve(dirname(source), await readlink(source)), target);
    else await linkOrCopy(source, target);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') {
      throw new LeftAlone('a file of that name is there by now');
    }
    throw error instanceof AppError || error instanceof LeftAlone
      ? error
      : fromFileSystem(error, target, 'writing');
  }
}

/**
 * After placeFile() and syncFolder(): the old name of a photo that moved. Only what is at the new one, too, is unlinked:
 * a folder's link may lead both paths to one name.
 */
export async function leaveOldPlace(source: string, target: string): Promise<void> {
  if (await isOneName(source, target)) {
    throw new AppError('IO', `${target} and ${source} are one file; it is left`, { path: source });
  }
  const [before, now] = [await stat(source), await stat(target)];
  const same = before.dev === now.dev && before.ino === now.ino;
  if (!same && before.size !== now.size) {
    throw new AppError('IO', `${target} is not what ${source} is; both are left`, { path: source });
  }
  await unlink(source);
}

/** Whether two paths lead to one entry of one folder: taking one away takes both. */
export async function isOneName(a: string, b: string): Promise<boolean> {
  const [one, other] = [await lstat(a), await lstat(b)];
  const same = one.dev === other.dev && one.ino === other.ino;
  if (same && one.nlink < 2) return true; // whatever leads there
  const [there, here] = await Promise.all([realpath(dirname(a)), realpath(dirname(b))]);
  return there === here && basename(a) === basename(b);
}

/** Names in it are on the disk. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function linkOrCopy(source: string, target: string): Promise<void> {
  try {
    await link(source, target);
  } catch (error) {
    if (!cannotLink.has(systemCode(error))) throw error;
    await copyTo(source, target, { verify: true });
  }
}

/** Under a hidden name first, so that a name never stands for half a photo. */
async function copyTo(source: string, target: string, { verify }: { verify: boolean }): Promise<void> {
  const part = join(
    dirname(target),
    `.${basename(target).slice(0, 100)}.${randomBytes(4).toString('hex')}.part`,
  );
  try {
    await copyFile(source, part, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    const { atimeMs, mtimeMs } = await stat(source);
    const times = [atimeMs / 1000, mtimeMs / 1000] as const;
    await utimes(part, ...times);
    await syncFile(part);
    if (verify && (await hashOf(part)) !== (await hashOf(source))) {
      throw new AppError('IO', `the copy of ${source} is not the same; it is left where it was`, {
        path: source,
      });
    }
    try {
      await link(part, target);
    } catch (error) {
      if (!cannotLink.has(systemCode(error))) throw error;
      await copyFile(part, target, constants.COPYFILE_EXCL);
      await utimes(target, ...times);
      await syncFile(target);
    }
  } finally {
    await rm(part, { force: true });
  }
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** SHA-256 of what is in it. */
export async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
