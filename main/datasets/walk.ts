// Finds the files of a folder on a disk that is not to be trusted: links that loop, names that are no UTF-8,
// pipes that would block a reader, folders that may not be read.
import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { compareBytes } from './byte-order.ts';

/** A file that was found and cannot become part of a data set. `path` is relative to the split's folder. */
export interface SkippedFile {
  path: string;
  code: string;
  message: string;
}

export interface FoundFiles {
  /** Relative to the folder, '/' between parts, in byte order. */
  files: string[];
  /** Found, but not to be opened. */
  skipped: SkippedFile[];
  /** Hidden files and folders, and links back to a folder above; not counted as found. */
  ignored: number;
}

export interface FolderEntries {
  folders: string[];
  files: string[];
  skipped: SkippedFile[];
  ignored: number;
}

/** One folder's entries in byte order, hidden ones left out, links followed. Throws what readdir throws. */
export async function readFolder(path: string, prefix = ''): Promise<FolderEntries> {
  const found: FolderEntries = { folders: [], files: [], skipped: [], ignored: 0 };
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  for (const entry of await readdir(path, { withFileTypes: true, encoding: 'buffer' })) {
    if (entry.name[0] === 0x2e) {
      found.ignored++;
      continue;
    }
    let name: string;
    try {
      name = decoder.decode(entry.name);
    } catch {
      found.skipped.push({
        path: prefix + entry.name.toString('utf8'),
        code: 'INVALID_NAME',
        message: 'the name is not valid UTF-8; rename the file',
      });
      continue;
    }
    const kind = await entryKind(entry, join(path, name));
    if (kind === 'folder') found.folders.push(name);
    else if (kind === 'file') found.files.push(name);
    else
      found.skipped.push({ path: prefix + name, code: 'UNSUPPORTED_IMAGE', message: 'not a regular file' });
  }
  found.folders.sort(compareBytes);
  found.files.sort(compareBytes);
  return found;
}

/** Every file below `root` + `prefix`, at any depth. `prefix` is '' or ends in '/'; paths begin with it. */
export async function findFiles(root: string, prefix: string, signal?: AbortSignal): Promise<FoundFiles> {
  const found: FoundFiles = { files: [], skipped: [], ignored: 0 };
  await walk(root, prefix, [], found, signal);
  found.files.sort(compareBytes);
  return found;
}

async function walk(
  root: string,
  prefix: string,
  above: string[],
  found: FoundFiles,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted();
  const path = join(root, prefix);
  let identity: string;
  let entries: FolderEntries;
  try {
    const { dev, ino } = await stat(path);
    identity = `${dev}:${ino}`;
    if (above.includes(identity)) {
      found.ignored++;
      return;
    }
    entries = await readFolder(path, prefix);
  } catch (error) {
    found.skipped.push({
      path: prefix,
      code: 'IO',
      message: `the folder cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    });
    return;
  }
  found.ignored += entries.ignored;
  found.skipped.push(...entries.skipped);
  for (const name of entries.files) found.files.push(prefix + name);
  for (const name of entries.folders) {
    await walk(root, `${prefix}${name}/`, [...above, identity], found, signal);
  }
}

/** A broken link counts as a file: opening it then says what is wrong. */
export async function entryKind(entry: Dirent<Buffer>, path: string): Promise<'folder' | 'file' | 'other'> {
  if (entry.isDirectory()) return 'folder';
  if (entry.isFile()) return 'file';
  if (!entry.isSymbolicLink()) return 'other';
  try {
    const target = await stat(path);
    if (target.isDirectory()) return 'folder';
    return target.isFile() ? 'file' : 'other';
  } catch {
    return 'file';
  }
}
