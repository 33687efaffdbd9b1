// A list of photos with their classes, in place of class folders: a line a photo, as JSON {"file", "class"} or as
// file,class. Paths are relative to the training folder, or absolute and below it.
import { createReadStream } from 'node:fs';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { createInterface } from 'node:readline';
import { AppError } from '../api/errors.ts';
import { compareBytes } from './byte-order.ts';
import type { ClassFiles, SplitScan } from './scan.ts';

/** Throws NOT_FOUND, IO, EMPTY_DATASET, and INVALID_LABELS naming the line. Whether the photos exist, packing says. */
export async function scanLabelledList(listFile: string, root: string): Promise<SplitScan> {
  const classOf = new Map<string, string>();
  let number = 0;
  const lines = createInterface({ input: createReadStream(listFile), crlfDelay: Number.POSITIVE_INFINITY });
  try {
    for await (const line of lines) {
      number++;
      if (line.trim() === '' || (number === 1 && /^"?file"?,"?class"?$/i.test(line.trim()))) continue;
      const { file, className } = readLine(listFile, number, line);
      const path = below(listFile, number, file, root);
      const before = classOf.get(path);
      if (before !== undefined && before !== className) {
        throw wrong(listFile, number, `it gives ${file} a second class, '${className}' after '${before}'`);
      }
      classOf.set(path, className);
    }
  } catch (error) {
    throw error instanceof AppError ? error : unreadable(listFile, error);
  }
  const byClass = new Map<string, string[]>();
  for (const [path, className] of classOf) {
    const files = byClass.get(className);
    if (files === undefined) byClass.set(className, [path]);
    else files.push(path);
  }
  if (byClass.size === 0) {
    throw new AppError('EMPTY_DATASET', `the list ${listFile} names no photo`, { path: listFile });
  }
  const classes: ClassFiles[] = [...byClass]
    .map(([folder, files]) => ({ folder, files: files.sort(compareBytes) }))
    .sort((a, b) => compareBytes(a.folder, b.folder));
  return { classes, skipped: [], ignored: 0, emptyClasses: [] };
}

function readLine(listFile: string, number: number, line: string): { file: string; className: string } {
  if (line.trimStart().startsWith('{')) {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      throw wrong(listFile, number, 'it begins like JSON and is none');
    }
    const { file, class: className } = value as { file?: unknown; class?: unknown };
    if (typeof file === 'string' && file !== '' && typeof className === 'string' && className.trim() !== '') {
      return { file, className: className.trim() };
    }
    throw wrong(listFile, number, 'it is not {"file": ..., "class": ...}');
  }
  // File names have commas more often than classes.
  const comma = line.lastIndexOf(',');
  const [file, className] = [unquoted(line.slice(0, comma)), unquoted(line.slice(comma + 1))];
  if (comma <= 0 || file === '' || className === '') throw wrong(listFile, number, 'it is not file,class');
  return { file, className };
}

function unquoted(field: string): string {
  const text = field.trim();
  return /^".*"$/.test(text) ? text.slice(1, -1).replaceAll('""', '"') : text;
}

/** Relative to `root`, '/' between parts. */
function below(listFile: string, number: number, file: string, root: string): string {
  const path = relative(resolve(root), resolve(root, file));
  if (path === '' || path.split(sep)[0] === '..' || isAbsolute(path)) {
    throw wrong(listFile, number, `${file} does not lie in the training folder ${root}`);
  }
  return path.split(sep).join('/');
}

function wrong(listFile: string, number: number, reason: string): AppError {
  return new AppError('INVALID_LABELS', `list ${listFile}, line ${number}: ${reason}`, {
    path: listFile,
    line: number,
  });
}

function unreadable(listFile: string, error: unknown): AppError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOENT')
    return new AppError('NOT_FOUND', `list ${listFile} does not exist`, { path: listFile });
  return new AppError('IO', `list ${listFile} cannot be read: ${String(error)}`, { path: listFile });
}
