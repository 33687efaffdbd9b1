// Takes a sorting back by its list: a photo that moved returns to its old place, a copy goes where the original is
// still the same. Nothing is overwritten. The list keeps what could not be put back, so that the same again goes on.
import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, mkdir, rename, rm, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname, isAbsolute } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError, toErrorReport } from '../../api/errors.ts';
import { type SortedLine, sortedLineSchema } from '../../api/operations/sorting.ts';
import { fromFileSystem } from '../../data/data-directory.ts';
import { hashOf, isOneName, LeftAlone, leaveOldPlace, placeFile, syncFolder } from './place-file.ts';
import { looksLikeCopy } from './targets.ts';

/** A line of the list and, where it was not put back, why. */
export interface UndoneFile {
  line: SortedLine;
  whyNot: string | undefined;
}

export interface UndoEnd {
  /** What the list had. */
  total: number;
  /** Of those: they are where they were before. */
  done: number;
  /** The first of the others. */
  left: { path: string; note: string }[];
}

const filesAtOnce = 32;
const leftTold = 100;

/**
 * `note` hears what became of each file, some at a time. Throws NOT_FOUND, INVALID_ARGUMENT where the file is not such a
 * list, IO, DISK_FULL, and CANCELLED; what was put back by then stays so.
 */
export async function undoList(
  list: string,
  note: (files: readonly UndoneFile[]) => Promise<void>,
  onProgress: (done: number, total: number) => void,
  signal?: AbortSignal,
): Promise<UndoEnd> {
  // Every line is looked at before anything is touched.
  let total = 0;
  for await (const _ of linesOf(list)) total++;
  const end: UndoEnd = { total, done: 0, left: [] };
  const folders = new Set<string>();
  let seen = 0;
  const rest = async function* (): AsyncGenerator<string> {
    for await (const lines of inGroups(linesOf(list))) {
      if (signal?.aborted) throw new AppError('CANCELLED', `stopped after ${end.done} photos`);
      const files = await putBack(lines);
      await note(files);
      for (const { line, whyNot } of files) {
        folders.add(dirname(line.to));
        if (whyNot === undefined) end.done++;
        else {
          if (end.left.length < leftTold) end.left.push({ path: line.to, note: whyNot });
          yield `${JSON.stringify(line)}\n`;
        }
      }
      seen += lines.length;
      onProgress(seen, total);
    }
  };
  const part = `${list}.part`;
  try {
    await pipeline(Readable.from(rest()), createWriteStream(part));
    if (end.done === total) await rm(list);
    else await rename(part, list);
  } catch (error) {
    throw error instanceof AppError ? error : fromFileSystem(error, list, 'writing the rest of the list');
  } finally {
    await rm(part, { force: true });
  }
  // Class folders with nothing in them any more; the others stay.
  for (const folder of folders) await rmdir(folder).catch(() => {});
  return end;
}

async function putBack(lines: readonly SortedLine[]): Promise<UndoneFile[]> {
  const files: UndoneFile[] = lines.map((line) => ({ line, whyNot: undefined }));
  const moved: UndoneFile[] = [];
  for (const file of files) {
    const { line } = file;
    try {
      if (await isBack(line)) continue;
      if (line.done === 'copied') await takeAway(line);
      else if (await moveBack(line)) moved.push(file);
    } catch (error) {
      file.whyNot = whyOf(error);
    }
  }
  for (const folder of new Set(moved.map(({ line }) => dirname(line.from)))) await syncFolder(folder);
  for (const file of moved) {
    try {
      await leaveOldPlace(file.line.to, file.line.from);
    } catch (error) {
      file.whyNot = whyOf(error);
    }
  }
  return files;
}

/** A full disk ends it: every other reason is that of one photo. */
function whyOf(error: unknown): string {
  const { code, message } = toErrorReport(error);
  if (code === 'DISK_FULL') throw error;
  return message;
}

/** From an earlier go that was stopped before the list was written anew. */
async function isBack({ from, to, sizeBytes, modifiedAt }: SortedLine): Promise<boolean> {
  const there = await lstat(to).catch(() => undefined);
  if (there !== undefined) return false;
  const back = await stat(from).catch(() => undefined);
  if (back === undefined) throw new LeftAlone('the photo is not there any more');
  if (sizeBytes !== null && !looksLikeCopy(back, { sizeBytes, modifiedAt })) {
    throw new LeftAlone('the photo is not there any more, and its old place holds another');
  }
  return true;
}

/** At its old place as well; true. */
async function moveBack(line: SortedLine): Promise<boolean> {
  const { from, to, sizeBytes, modifiedAt } = line;
  const found = await stat(to).catch(() => undefined);
  if (found === undefined) throw new LeftAlone('the link leads nowhere any more');
  if (sizeBytes !== null && !looksLikeCopy(found, { sizeBytes, modifiedAt })) {
    throw new LeftAlone('the photo has changed since');
  }
  // Stopped between the new name and the old one.
  if (await isSame(from, to)) return true;
  await mkdir(dirname(from), { recursive: true });
  const now = { sizeBytes: found.size, modifiedAt: Math.floor(found.mtimeMs) };
  await placeFile({ source: to, target: from, ...now }, 'move');
  return true;
}

async function takeAway({ from, to }: SortedLine): Promise<void> {
  const original = await stat(from).catch(() => undefined);
  if (original === undefined) throw new LeftAlone('the original is not there any more; the copy stays');
  if (await isOneName(from, to)) throw new LeftAlone('the copy is the original; it stays');
  if (!(await isSame(from, to))) throw new LeftAlone('the copy or the original has changed since; both stay');
  await unlink(to);
}

/** Two names of regular files, in each of which there is the same. */
async function isSame(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([a, b].map((path) => stat(path).catch(() => undefined)));
  if (!one?.isFile() || !other?.isFile() || one.size !== other.size) return false;
  if (one.dev === other.dev && one.ino === other.ino) return true;
  return (await hashOf(a)) === (await hashOf(b));
}

async function* linesOf(list: string): AsyncGenerator<SortedLine> {
  let number = 0;
  try {
    for await (const text of createInterface({ input: createReadStream(list) }))
      yield parse(text, list, ++number);
  } catch (error) {
    throw error instanceof AppError ? error : fromFileSystem(error, list, 'reading the list');
  }
}

function parse(text: string, list: string, number: number): SortedLine {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const line = sortedLineSchema.safeParse(value).data;
  if (line !== undefined && isAbsolute(line.from) && isAbsolute(line.to) && line.from !== line.to)
    return line;
  throw new AppError(
    'INVALID_ARGUMENT',
    `line ${number} of ${list} is not of a list that sorting has written`,
    {
      path: list,
    },
  );
}

async function* inGroups(lines: AsyncIterable<SortedLine>): AsyncGenerator<SortedLine[]> {
  let group: SortedLine[] = [];
  for await (const line of lines) {
    if (group.push(line) < filesAtOnce) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}
