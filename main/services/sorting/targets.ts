// Where a photo goes: its class as a folder's name, and a name in it that nobody has.
import { join, parse } from 'node:path';

export const unsureFolder = 'unsure';

/** A class as a folder's name: what no file system takes, and what would lead elsewhere, is replaced. */
export function folderName(className: string): string {
  const name = className
    .normalize('NFC')
    .replace(/[/\\:*?"<>|\p{Cc}]/gu, '_')
    .replace(/^[.\s]+|[.\s]+$/gu, '');
  let short = name;
  while (Buffer.byteLength(short) > 100) short = [...short].slice(0, -1).join('');
  return short === '' ? '_' : short;
}

/** Different classes never share a folder. */
export class ClassFolders {
  readonly #folders = new Map<string, string>();
  readonly #taken = new Set<string>([unsureFolder]);

  of(className: string): string {
    const known = this.#folders.get(className);
    if (known !== undefined) return known;
    const name = folderName(className);
    let folder = name;
    // Some disks do not tell cases apart.
    for (let i = 2; this.#taken.has(folder.toLowerCase()); i++) folder = `${name} (${i})`;
    this.#taken.add(folder.toLowerCase());
    this.#folders.set(className, folder);
    return folder;
  }
}

/** Times that are set come back rounded: by fractions of a millisecond, on a memory card by two seconds. */
const timeTolerance = 2000;

/** Whether a file is taken for a copy of one of this size and time of change (ms), found under its name. */
export function looksLikeCopy(
  found: { size: number; mtimeMs: number; isFile(): boolean },
  { sizeBytes, modifiedAt }: { sizeBytes: number | null; modifiedAt: number | null },
): boolean {
  const near = modifiedAt !== null && Math.abs(found.mtimeMs - modifiedAt) <= timeTolerance;
  return found.isFile() && found.size === sizeBytes && near;
}

/** 'a.jpg', 'a (2).jpg', 'a (3).jpg', ... */
export function numbered(folder: string, fileName: string, number: number): string {
  if (number === 1) return join(folder, fileName);
  const { name, ext } = parse(fileName);
  return join(folder, `${name} (${number})${ext}`);
}
