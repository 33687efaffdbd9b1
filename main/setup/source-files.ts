// The project's own source files, as they lie in the checkout (committed or not).
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SourceText } from './import-rules.ts';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const skipped = new Set(['node_modules', 'build', 'dist']);

/** Paths from the root, with forward slashes, sorted. Hidden folders and build outputs are left out. */
export function listFiles(pattern: RegExp, folder = ''): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory() && !skipped.has(entry.name) && !entry.name.startsWith('.'))
      found.push(...listFiles(pattern, path));
    else if (entry.isFile() && pattern.test(entry.name)) found.push(path);
  }
  return found.sort();
}

export const scriptPattern = /\.(ts|mts|cts|js|mjs|cjs|vue)$/;
export const nativePattern = /\.(cc|h|inc|cu|cuh|cpp|hpp)$/;

export function readSources(pattern: RegExp, folder?: string): SourceText[] {
  return listFiles(pattern, folder).map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}
