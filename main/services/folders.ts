// The folder browser: what the user who runs the application may read, with counts of images.
import { constants } from 'node:fs';
import { access, opendir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, extname, isAbsolute, join, resolve } from 'node:path';
import { AppError } from '../api/errors.ts';
import type { FolderEntry, FolderListing } from '../api/operations/folders.ts';
import { fromFileSystem } from '../data/data-directory.ts';

export type ShownFiles = 'none' | 'images' | 'models' | 'text' | 'all';

const imageEndings = new Set(
  '.jpg .jpeg .jpe .jfif .png .webp .gif .bmp .tif .tiff .avif .heic .heif'.split(' '),
);
const modelEndings = new Set(['.safetensors', '.pth', '.pt', '.bin', '.caffemodel', '.onnx']);
const textEndings = new Set(['.txt', '.csv', '.tsv', '.json', '.mat']);

/** More entries than this are not listed: nobody looks through them. */
const mostEntries = 2000;
/** Folders whose content is counted, and how far. */
const mostCounted = 200;
const mostCountedEntries = 5000;

interface Counts {
  images: number;
  folders: number;
}

function isShown(name: string, files: ShownFiles): boolean {
  const ending = extname(name).toLowerCase();
  switch (files) {
    case 'all':
      return true;
    case 'images':
      return imageEndings.has(ending);
    case 'models':
      return modelEndings.has(ending);
    case 'text':
      return textEndings.has(ending);
    case 'none':
      return false;
  }
}

/** Null where it may not be read, or holds too much to count. */
async function count(folder: string): Promise<Counts | null> {
  const counts: Counts = { images: 0, folders: 0 };
  let seen = 0;
  try {
    for await (const entry of await opendir(folder)) {
      if (++seen > mostCountedEntries) return null;
      if (entry.name.startsWith('.')) continue;
      if (entry.isDirectory()) counts.folders++;
      else if (imageEndings.has(extname(entry.name).toLowerCase())) counts.images++;
    }
  } catch {
    return null;
  }
  return counts;
}

async function mayEnter(folder: string): Promise<boolean> {
  try {
    await access(folder, constants.R_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Links are followed: people keep photos behind them. */
async function kindOf(
  path: string,
  isLink: boolean,
  isFolder: boolean,
): Promise<'folder' | 'file' | undefined> {
  if (!isLink) return isFolder ? 'folder' : 'file';
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch {
    return undefined; // it leads nowhere
  }
}

/** The home folder where no path is given. Throws INVALID_ARGUMENT, NOT_FOUND, IO. */
export async function listFolder(
  given: string | undefined,
  files: ShownFiles,
  signal: AbortSignal,
  home: string = homedir(),
): Promise<FolderListing> {
  if (given !== undefined && !isAbsolute(given)) {
    throw new AppError('INVALID_ARGUMENT', `${given} is no whole path; write it from / on`, { path: given });
  }
  const path = given === undefined ? home : resolve(given);
  const folders: FolderEntry[] = [];
  const others: FolderEntry[] = [];
  let images = 0;
  let left = 0;
  try {
    for await (const entry of await opendir(path)) {
      signal.throwIfAborted();
      if (entry.name.startsWith('.')) continue;
      if (imageEndings.has(extname(entry.name).toLowerCase()) && !entry.isDirectory()) images++;
      const shown = entry.isDirectory() || entry.isSymbolicLink() || isShown(entry.name, files);
      if (!shown) continue;
      if (folders.length + others.length >= mostEntries) {
        left++;
        continue;
      }
      const place = join(path, entry.name);
      const kind = await kindOf(place, entry.isSymbolicLink(), entry.isDirectory());
      const described = { name: entry.name, path: place, sizeBytes: null, images: null, folders: null };
      if (kind === 'folder') {
        if (await mayEnter(place)) folders.push({ ...described, kind });
      } else if (kind === 'file' && isShown(entry.name, files)) {
        const sizeBytes = (await stat(place).catch(() => undefined))?.size ?? null;
        others.push({ ...described, kind, sizeBytes });
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    throw fromFileSystem(error, path, 'listing the folder');
  }
  for (const list of [folders, others])
    list.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  for (const folder of folders.slice(0, mostCounted)) {
    signal.throwIfAborted();
    Object.assign(folder, await count(folder.path));
  }
  return {
    path,
    parent: dirname(path) === path ? null : dirname(path),
    images,
    entries: [...folders, ...others],
    left,
    places: await places(home),
  };
}

async function places(home: string): Promise<{ name: string; path: string }[]> {
  const known = [
    { name: 'Home', path: home },
    { name: 'Pictures', path: join(home, 'Pictures') },
    { name: 'Computer', path: '/' },
    { name: 'Media', path: '/media' },
    { name: 'Mounts', path: '/mnt' },
    { name: 'Data', path: '/data' },
  ];
  const there = await Promise.all(known.map(({ path }) => mayEnter(path)));
  return known.filter((_, i) => there[i]);
}
