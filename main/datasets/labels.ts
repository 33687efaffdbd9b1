// Labels of a flat folder of validation photos, in the three forms in which ImageNet's are handed round:
//  - a class folder's name (a wnid) a line, in the order of the sorted file names;
//  - CSV, `ImageId,wnid ...` (LOC_val_solution.csv), with or without a header, in any order;
//  - the devkit's ids 1..1000 a line (ILSVRC2012_validation_ground_truth.txt), with the map to wnids beside
//    them. These ids are not class indices.
import { readFile } from 'node:fs/promises';
import { dirname, join, parse } from 'node:path';
import { AppError } from '../api/errors.ts';

/** Beside a labels file, these hold the devkit's map. */
const mapFileNames = ['map_clsloc.txt', 'ilsvrc2012_devkit_id_to_synset.json'];

const imagenetName = /^ILSVRC2012_val_(\d{8})\b/;

export type LabelsForm = 'names' | 'csv' | 'ids';

/** A photo's class folder by file name. */
export interface FlatLabels {
  form: LabelsForm;
  folderOf: Map<string, string>;
}

/**
 * Matches `files` (byte order) with the labels in `labelsFile`. `classFolders` are the training split's.
 * Throws INVALID_LABELS, saying where the two do not fit, NOT_FOUND and IO.
 */
export async function readFlatLabels(
  labelsFile: string,
  mapFile: string | undefined,
  files: string[],
  classFolders: ReadonlySet<string>,
): Promise<FlatLabels> {
  const text = await readText(labelsFile, 'labels file');
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  while (lines.length > 0 && lines[lines.length - 1] === '') lines.pop();
  if (lines.length === 0) throw wrong(labelsFile, 'it is empty');
  const blank = lines.indexOf('');
  if (blank >= 0) throw wrong(labelsFile, `line ${blank + 1} is blank`);

  const labels = lines[0]?.includes(',')
    ? { form: 'csv' as const, folderOf: matchCsv(labelsFile, lines, files) }
    : await matchLines(labelsFile, mapFile, lines, files, classFolders);
  for (const [file, folder] of labels.folderOf) {
    if (classFolders.has(folder)) continue;
    throw wrong(
      labelsFile,
      `it gives ${file} the class '${folder}', which the training folder does not have`,
    );
  }
  return labels;
}

function matchCsv(labelsFile: string, lines: string[], files: string[]): Map<string, string> {
  const labelOf = new Map<string, string>();
  lines.forEach((line, index) => {
    const comma = line.indexOf(',');
    const image = line.slice(0, comma).trim();
    const label =
      line
        .slice(comma + 1)
        .trim()
        .split(/[\s,]/, 1)[0] ?? '';
    if (index === 0 && /^(image_?id|file(_?name)?|image)$/i.test(image)) return;
    if (comma <= 0 || label === '') {
      throw wrong(labelsFile, `line ${index + 1} is not 'ImageId,class': ${shorten(line)}`);
    }
    const before = labelOf.get(image);
    if (before !== undefined && before !== label) {
      throw wrong(
        labelsFile,
        `line ${index + 1} gives ${image} a second class, '${label}' after '${before}'`,
      );
    }
    labelOf.set(image, label);
  });
  const folderOf = new Map<string, string>();
  const missing: string[] = [];
  for (const file of files) {
    const label = labelOf.get(file) ?? labelOf.get(parse(file).name);
    if (label === undefined) missing.push(file);
    else folderOf.set(file, label);
  }
  if (missing.length > 0) {
    throw wrong(
      labelsFile,
      `${missing.length} of ${files.length} photos are not in it, the first is ${missing[0]}`,
    );
  }
  return folderOf;
}

async function matchLines(
  labelsFile: string,
  mapFile: string | undefined,
  lines: string[],
  files: string[],
  classFolders: ReadonlySet<string>,
): Promise<FlatLabels> {
  const isIds = lines.every((line) => /^\d+$/.test(line)) && !lines.every((line) => classFolders.has(line));
  const names = isIds ? await idsToNames(labelsFile, mapFile, lines) : lines;
  const folderOf = new Map<string, string>();
  // ImageNet's own file names carry the line's number, so a folder with some photos left out still fits.
  const numbers = files.map((file) => Number(imagenetName.exec(file)?.[1] ?? 0));
  const numbered = numbers.every((number) => number >= 1 && number <= lines.length);
  if (!numbered && files.length !== lines.length) {
    throw wrong(labelsFile, `it has ${lines.length} lines for ${files.length} photos`);
  }
  files.forEach((file, index) => {
    const name = names[numbered ? (numbers[index] ?? 0) - 1 : index];
    if (name !== undefined) folderOf.set(file, name);
  });
  return { form: isIds ? 'ids' : 'names', folderOf };
}

async function idsToNames(
  labelsFile: string,
  mapFile: string | undefined,
  lines: string[],
): Promise<string[]> {
  const map = await readDevkitMap(labelsFile, mapFile);
  return lines.map((line, index) => {
    const name = map.get(Number(line));
    if (name === undefined) throw wrong(labelsFile, `line ${index + 1}: the map has no class for id ${line}`);
    return name;
  });
}

async function readDevkitMap(labelsFile: string, mapFile: string | undefined): Promise<Map<number, string>> {
  const beside = mapFileNames.map((name) => join(dirname(labelsFile), name));
  const candidates = mapFile === undefined ? beside : [mapFile];
  for (const path of candidates) {
    let text: string;
    try {
      text = await readText(path, 'map file');
    } catch (error) {
      if (mapFile === undefined && error instanceof AppError && error.code === 'NOT_FOUND') continue;
      throw error;
    }
    return parseDevkitMap(path, text);
  }
  throw wrong(
    labelsFile,
    "it holds the devkit's ids, which need their map to class folders: put map_clsloc.txt beside it, or name the " +
      'map, too',
  );
}

/** `wnid id name` a line, or JSON `{"id": [wnid, name]}`. */
export function parseDevkitMap(path: string, text: string): Map<number, string> {
  const map = new Map<number, string>();
  if (text.trimStart().startsWith('{')) {
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch (error) {
      throw wrong(path, `it is no valid JSON: ${String(error)}`);
    }
    for (const [id, value] of Object.entries(parsed as Record<string, unknown>)) {
      const name: unknown = Array.isArray(value) ? value[0] : value;
      if (!/^\d+$/.test(id) || typeof name !== 'string')
        throw wrong(path, `entry '${id}' is not "id": [wnid, name]`);
      map.set(Number(id), name);
    }
    return map;
  }
  text.split(/\r?\n/).forEach((line, index) => {
    if (line.trim() === '') return;
    const [wnid, id] = line.trim().split(/\s+/);
    if (wnid === undefined || id === undefined || !/^\d+$/.test(id)) {
      throw wrong(path, `line ${index + 1} is not 'wnid id name': ${shorten(line)}`);
    }
    map.set(Number(id), wnid);
  });
  return map;
}

async function readText(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ENOENT') throw new AppError('NOT_FOUND', `${what} ${path} does not exist`, { path });
    if (code === 'EISDIR') throw new AppError('IO', `${what} ${path} is a folder, not a file`, { path });
    throw new AppError(
      'IO',
      `${what} ${path} cannot be read: ${error instanceof Error ? error.message : error}`,
      {
        path,
      },
    );
  }
}

function wrong(path: string, reason: string): AppError {
  return new AppError('INVALID_LABELS', `labels file ${path} does not fit: ${reason}`, { path });
}

function shorten(line: string): string {
  return line.length > 60 ? `${line.slice(0, 57)}...` : line;
}
