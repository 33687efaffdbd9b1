// Files to begin with, and those that were found to break a reader once.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const corpusFolder = fileURLToPath(new URL('../corpus', import.meta.url));

/** By name; each is some kilobytes at most. */
export function readCorpus(): { name: string; bytes: Buffer }[] {
  return readdirSync(corpusFolder)
    .filter((name) => name.endsWith('.bin'))
    .sort()
    .map((name) => ({ name, bytes: readFileSync(join(corpusFolder, name)) }));
}
