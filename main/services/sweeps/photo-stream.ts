// Every photo below files and folders as a stream: folders are read a few names at a time and entered as they are
// met, so that a folder of any number of files takes no memory. In the order in which the disk gives them.
import type { Dirent } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { entryKind } from '../../datasets/walk.ts';
import type { FoundPhoto } from '../photo-paths.ts';

export interface StreamedPhoto extends FoundPhoto {
  /** Of the file as it was found; null where it could not be looked at. */
  sizeBytes: number | null;
  /** Ms UTC. */
  modifiedAt: number | null;
  /** When anything about it changed last, which nobody can set back; ms UTC. */
  changedAt: number | null;
}

/** Names that one reading of a folder brings. */
const namesAtOnce = 256;

/** Absolute, each once, none below another. */
export function topmost(paths: readonly string[]): string[] {
  const all = [...new Set(paths.map((path) => resolve(path)))].sort();
  const below = (path: string, folder: string) =>
    path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
  return all.filter((path) => !all.some((other) => other !== path && below(path, other)));
}

/** Hidden files and folders, and links back to a folder above, are left out. Each photo as it lies on the disk now. */
export async function* streamPhotos(
  paths: readonly string[],
  signal?: AbortSignal,
): AsyncGenerator<StreamedPhoto[]> {
  for await (const group of groups(paths, signal)) {
    yield await Promise.all(group.map(look));
  }
}

/** How many streamPhotos() would find; quicker, as files are not looked at. */
export async function countPhotos(
  paths: readonly string[],
  onCount: (files: number) => void,
  signal: AbortSignal,
): Promise<void> {
  let files = 0;
  for await (const group of groups(paths, signal)) {
    files += group.length;
    onCount(files);
  }
}

async function look(photo: FoundPhoto): Promise<StreamedPhoto> {
  const nothing = { ...photo, sizeBytes: null, modifiedAt: null, changedAt: null };
  if (photo.problem !== undefined) return nothing;
  try {
    const { size, mtimeMs, ctimeMs } = await stat(photo.path);
    return { ...photo, sizeBytes: size, modifiedAt: Math.floor(mtimeMs), changedAt: Math.floor(ctimeMs) };
  } catch {
    return nothing; // opening it says why
  }
}

async function* groups(paths: readonly string[], signal?: AbortSignal): AsyncGenerator<FoundPhoto[]> {
  let group: FoundPhoto[] = [];
  for await (const photo of walkAll(paths, signal)) {
    if (group.push(photo) < namesAtOnce) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

async function* walkAll(paths: readonly string[], signal?: AbortSignal): AsyncGenerator<FoundPhoto> {
  for (const path of paths) {
    signal?.throwIfAborted();
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory()) yield* walk(path, [], signal);
    else if (found === undefined || found.isFile()) yield { file: path, path };
    else yield { file: path, path, problem: notRegular };
  }
}

const notRegular = { code: 'UNSUPPORTED_IMAGE', message: 'not a regular file' };
const invalidName = { code: 'INVALID_NAME', message: 'the name is not valid UTF-8; rename the file' };

async function* walk(
  path: string,
  above: readonly string[],
  signal: AbortSignal | undefined,
): AsyncGenerator<FoundPhoto> {
  signal?.throwIfAborted();
  try {
    const { dev, ino } = await stat(path);
    const identity = `${dev}:${ino}`;
    if (above.includes(identity)) return;
    // Names as bytes: not every name is text.
    const options = { encoding: 'buffer' as BufferEncoding, bufferSize: namesAtOnce };
    const folder = await opendir(path, options);
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    for await (const entry of folder as unknown as AsyncIterable<Dirent<Buffer>>) {
      signal?.throwIfAborted();
      if (entry.name[0] === 0x2e) continue;
      let name: string;
      try {
        name = decoder.decode(entry.name);
      } catch {
        const shown = join(path, entry.name.toString('utf8'));
        yield { file: shown, path: shown, problem: invalidName };
        continue;
      }
      const below = join(path, name);
      const kind = await entryKind(entry, below);
      if (kind === 'folder') yield* walk(below, [...above, identity], signal);
      else if (kind === 'file') yield { file: below, path: below };
      else yield { file: below, path: below, problem: notRegular };
    }
  } catch (error) {
    if (signal?.aborted) throw error;
    const message = `the folder cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    yield { file: path, path, problem: { code: 'IO', message } };
  }
}
