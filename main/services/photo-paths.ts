// The photos that a user means by files and folders, found one after the other: a folder of a million files
// takes no more memory than its largest folder's names.
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readFolder } from '../datasets/walk.ts';

export interface FoundPhoto {
  /** As it is shown: the user's own path, or that with what lies below it. */
  file: string;
  /** Absolute. */
  path: string;
  /** Found, but not to be opened. */
  problem?: { code: string; message: string };
}

/** Folders are entered at any depth, in byte order; hidden files in them are left out. */
export async function* findPhotos(
  paths: readonly string[],
  signal?: AbortSignal,
): AsyncGenerator<FoundPhoto> {
  for (const given of paths) {
    signal?.throwIfAborted();
    const path = resolve(given);
    const kind = await kindOf(path);
    if (kind === 'folder') yield* walkPhotos(given, path, [], signal);
    else if (kind === 'other') {
      yield { file: given, path, problem: { code: 'UNSUPPORTED_IMAGE', message: 'not a regular file' } };
    } else yield { file: given, path };
  }
}

async function* walkPhotos(
  shown: string,
  path: string,
  above: readonly string[],
  signal: AbortSignal | undefined,
): AsyncGenerator<FoundPhoto> {
  signal?.throwIfAborted();
  let identity: string;
  let entries: Awaited<ReturnType<typeof readFolder>>;
  try {
    const { dev, ino } = await stat(path);
    identity = `${dev}:${ino}`;
    if (above.includes(identity)) return; // a link to a folder that it lies in
    entries = await readFolder(path);
  } catch (error) {
    const message = `the folder cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    yield { file: shown, path, problem: { code: 'IO', message } };
    return;
  }
  for (const { path: name, code, message } of entries.skipped) {
    yield { file: below(shown, name), path: join(path, name), problem: { code, message } };
  }
  for (const name of entries.files) yield { file: below(shown, name), path: join(path, name) };
  for (const name of entries.folders) {
    yield* walkPhotos(below(shown, name), join(path, name), [...above, identity], signal);
  }
}

function below(folder: string, name: string): string {
  return folder.endsWith('/') ? folder + name : `${folder}/${name}`;
}

/** What cannot be looked at counts as a file: opening it says why. */
async function kindOf(path: string): Promise<'file' | 'folder' | 'other'> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) return 'folder';
    return found.isFile() ? 'file' : 'other';
  } catch {
    return 'file';
  }
}
