// The application in a folder of its own, with the npm packages that it needs at run time and nothing else: the
// checkout's node_modules hold the compilers and what is built into the page, too.
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { appFolder } from '../setup/build.ts';
import { root } from '../setup/source-files.ts';

interface Manifest {
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

function manifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** Where Node finds a package from a folder, at or below `top`. */
function resolvePackage(name: string, from: string, top: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = join(folder, 'node_modules', name);
    if (existsSync(join(found, 'package.json'))) return found;
    if (folder === top) return undefined;
  }
}

/** Folders of packages with all that they need, from `top`. Throws where one is missing. */
export function closure(names: readonly string[], top: string): Set<string> {
  const found = new Set<string>();
  const take = (name: string, from: string, optional: boolean) => {
    const folder = resolvePackage(name, from, top);
    if (folder === undefined) {
      if (optional) return;
      throw new Error(`the package ${name} is missing: npm ci installs it`);
    }
    if (found.has(folder)) return;
    found.add(folder);
    const { dependencies = {}, optionalDependencies = {} } = manifest(folder);
    for (const needed of Object.keys(dependencies)) take(needed, folder, needed in optionalDependencies);
    for (const needed of Object.keys(optionalDependencies)) take(needed, folder, true);
  };
  for (const name of names) take(name, top, false);
  return found;
}

/** Sources that better-sqlite3 was compiled from, and what compiles it: its binary comes with it. */
const sourcesOnly: ReadonlySet<string> = new Set(['src', 'deps', 'binding.gyp', 'node-addon-api']);

/** Whether a file of a package is needed at run time, on this system. */
export function isNeeded(path: string, system = `${process.platform}-${process.arch}`): boolean {
  if (/\.(d\.[cm]?ts|map|md|markdown)$/.test(path)) return false;
  const parts = path.split('/');
  const at = parts.indexOf('better-sqlite3');
  if (at < 0) return true;
  const [, first, second] = parts.slice(at);
  if (first !== undefined && sourcesOnly.has(first)) return false;
  return first !== 'prebuilds' || second === undefined || isOf(second, system);
}

/** Prebuilt binaries lie in folders or files named after the system: linux-x64, linux-x64.node, linux-x64-musl. */
function isOf(name: string, system: string): boolean {
  return name === system || name.startsWith(`${system}.`);
}

/** Copies the built application to `folder`, made anew. */
export function stageApp(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  cpSync(appFolder, folder, { recursive: true });
  const names = Object.keys(manifest(appFolder).dependencies ?? {});
  for (const source of closure(names, root)) {
    if (basename(source) === 'node-addon-api') continue;
    const to = join(folder, relative(root, source));
    cpSync(source, to, {
      recursive: true,
      filter: (file) => {
        const inside = relative(source, file);
        // A package's own packages are in the list by themselves.
        return !inside.split('/').includes('node_modules') && isNeeded(relative(root, file));
      },
    });
  }
}
