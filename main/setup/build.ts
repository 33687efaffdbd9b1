// Builds what is written in TypeScript into what runs without its compiler, each part only where its sources changed:
//
//   node main/setup/build.ts [page] [app]
//
//   page   the screens: renderer/dist
//   app    dist/app, as Electron starts it and as it is packaged: main/ as JavaScript in the same folders, and beside
//          it what main/ finds by its place: migrations, resources, the page
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { execute } from './execute.ts';
import { formatSeconds } from './reporter.mjs';
import { listFiles, root } from './source-files.ts';

interface Part {
  title: string;
  /** Parts that are built before it. */
  after: string[];
  /** Folders and files that it is made of. */
  sources: string[];
  /** There only where it was built. */
  product: string;
  build(): Promise<void>;
}

/** Throws with what a program says of its failure. */
async function run(program: string, args: string[]): Promise<void> {
  const { ok, output } = await execute(program, args);
  if (!ok) throw new Error(`${output.trimEnd()}\n${program} ${args.join(' ')} failed`);
}

/** The package as it is run: which packages main/ imports, and where it begins. */
export function appPackage(checkout: Record<string, unknown>): Record<string, unknown> {
  const { name, version, description, license, type } = checkout;
  const all = checkout.dependencies as Record<string, string>;
  const dependencies = Object.fromEntries(
    runtimePackages.map((needed) => {
      const wanted = all[needed];
      if (wanted === undefined) throw new Error(`package.json has no ${needed} any more`);
      return [needed, wanted];
    }),
  );
  const main = 'main/shells/electron/main.js';
  return { name, productName: 'AlexNet Studio', version, description, license, type, main, dependencies };
}

/** What main/ imports at run time; the page's packages are built into it. */
export const runtimePackages = ['@orpc/server', 'better-sqlite3', 'ws', 'zod'];

export const appFolder = join(root, 'dist', 'app');

async function buildApp(): Promise<void> {
  rmSync(appFolder, { recursive: true, force: true });
  await run('tsc', ['-p', 'tsconfig.app.json', '--pretty', 'false']);
  await run('vite', ['build', '--logLevel', 'warn', '-c', 'main/shells/electron/vite.config.ts']);
  for (const folder of ['migrations', 'resources', 'renderer/dist'])
    cpSync(join(root, folder), join(appFolder, folder), { recursive: true });
  cpSync(join(root, 'LICENSE'), join(appFolder, 'LICENSE'));
  const checkout = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, unknown>;
  writeFileSync(join(appFolder, 'package.json'), JSON.stringify(appPackage(checkout), null, 2));
}

const parts: Record<string, Part> = {
  page: {
    title: 'the screens',
    after: [],
    sources: ['renderer', 'main/api', 'package-lock.json', 'tsconfig.json'],
    product: join(root, 'renderer', 'dist', 'index.html'),
    build: () => run('vite', ['build', '--logLevel', 'warn', 'renderer']),
  },
  app: {
    title: 'the application',
    after: ['page'],
    sources: [
      ...['main', 'renderer', 'migrations', 'resources', 'package.json', 'package-lock.json'],
      ...['tsconfig.json', 'tsconfig.app.json', 'LICENSE'],
    ],
    product: join(appFolder, 'package.json'),
    build: buildApp,
  },
};

/** Changes with every change of a source's name, size or time. */
function fingerprint(sources: readonly string[]): string {
  const hash = createHash('sha256');
  for (const source of sources) {
    const whole = statSync(join(root, source));
    const files = whole.isDirectory() ? listFiles(/^(?!.*\.test\.ts$)/, source) : [source];
    for (const file of files) {
      const { size, mtimeMs } = statSync(join(root, file));
      hash.update(`${file}\0${size}\0${mtimeMs}\n`);
    }
  }
  return hash.digest('hex');
}

/** Builds a part, and before it those that it needs. `say` is told of what took time. Throws what went wrong. */
export async function buildPart(name: string, say: (line: string) => void): Promise<void> {
  const part = parts[name];
  if (part === undefined)
    throw new Error(`There is no part "${name}": they are ${Object.keys(parts).join(', ')}.`);
  for (const earlier of part.after) await buildPart(earlier, say);
  const stamp = join(root, 'dist', `${name}.stamp`);
  const now = fingerprint(part.sources);
  if (existsSync(part.product) && existsSync(stamp) && readFileSync(stamp, 'utf8') === now) return;
  const start = performance.now();
  rmSync(stamp, { force: true });
  await part.build();
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(stamp, now);
  say(`Building ${part.title} (${formatSeconds(performance.now() - start)})`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const wanted = process.argv.slice(2);
  try {
    for (const name of wanted.length > 0 ? wanted : Object.keys(parts))
      await buildPart(name, (line) => process.stderr.write(`${line}\n`));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}
