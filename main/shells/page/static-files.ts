// The built page: files inside one folder, and nothing else, whatever the address says.
import { createReadStream, type ReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';

const mediaTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};

/**
 * The file that an address's path means, or undefined where it means none inside the folder: after decoding it holds
 * only plain names (no dots that climb, no hidden files, no backslash, no NUL), and links do not lead out.
 */
export async function resolveInside(folder: string, path: string): Promise<string | undefined> {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return undefined;
  }
  const names = decoded.split('/').filter((name) => name !== '');
  const plain = names.every((name) => /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(name) && !name.includes('..'));
  if (!plain) return undefined;
  try {
    const inside = await realpath(folder);
    const found = await realpath(join(inside, ...names));
    return found === inside || found.startsWith(inside + sep) ? found : undefined;
  } catch {
    return undefined;
  }
}

export interface StaticFile {
  mediaType: string;
  sizeBytes: number;
  /** Its name changes with its content. */
  lasting: boolean;
  open(): ReadStream;
}

/** Undefined where there is no such file of a kind that the page has. */
export async function findStaticFile(folder: string, path: string): Promise<StaticFile | undefined> {
  const file = await resolveInside(folder, path === '/' ? '/index.html' : path);
  const mediaType = file === undefined ? undefined : mediaTypes[extname(file)];
  if (file === undefined || mediaType === undefined) return undefined;
  const found = await stat(file);
  if (!found.isFile()) return undefined;
  return {
    mediaType,
    sizeBytes: found.size,
    lasting: path.startsWith('/assets/'),
    open: () => createReadStream(file),
  };
}
