// Class names from a file: a name a line, or JSON: a list, { "0": name }, { "0": [id, name] }, or what we export.
import { readFileSync, statSync } from 'node:fs';
import { AppError } from '../../api/errors.ts';
import { fromFileSystem } from '../../data/data-directory.ts';

const mostBytes = 64 * 1024 * 1024;

function fromJson(value: unknown): string[] | undefined {
  if (Array.isArray(value)) return value.every((one) => typeof one === 'string') ? value : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  const inner: unknown = Reflect.get(value, 'labels');
  if (Array.isArray(inner)) return fromJson(inner);
  const entries = Object.entries(value);
  const names = new Array<string>(entries.length);
  for (const [key, entry] of entries) {
    const name: unknown = Array.isArray(entry) ? entry.at(-1) : entry;
    const place = Number(key);
    if (typeof name !== 'string' || !Number.isInteger(place) || place < 0 || place >= entries.length)
      return undefined;
    names[place] = name;
  }
  return names;
}

function parse(text: string, path: string): string[] {
  if (/^\s*[[{]/.test(text)) {
    let names: string[] | undefined;
    try {
      names = fromJson(JSON.parse(text));
    } catch (error) {
      throw new AppError('INVALID_LABELS', `labels file ${path} is no valid JSON: ${String(error)}`, {
        path,
      });
    }
    if (names !== undefined) return names;
    throw new AppError('INVALID_LABELS', `labels file ${path} is JSON, but no list of names`, { path });
  }
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  while (lines.at(-1) === '') lines.pop();
  return lines;
}

/** Throws INVALID_LABELS, NOT_FOUND, IO. */
export function readLabels(path: string, classes: number): string[] {
  let text: string;
  try {
    if (statSync(path).size > mostBytes) {
      throw new AppError('INVALID_LABELS', `labels file ${path} is too large for class names`, { path });
    }
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw error instanceof AppError ? error : fromFileSystem(error, path, 'reading the labels');
  }
  const names = parse(text, path);
  if (names.length !== classes) {
    throw new AppError(
      'INVALID_LABELS',
      `labels file ${path} has ${names.length} lines, but the net has ${classes} classes`,
      { path },
    );
  }
  return names;
}
