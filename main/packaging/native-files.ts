// The engine's binaries as a packaged application has them: the addon, the CUDA plug-in where it was built, and the
// shared libraries that other systems may not have in the same version. The addon's RPATH is its own folder.
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';

/** Every Linux since glibc 2.34 has these; a second libstdc++ or libc in one process would do harm. */
const ofTheSystem = /^(linux-vdso|ld-linux.*|libc|libm|libdl|libpthread|librt|libstdc\+\+|libgcc_s)\.so/;

/** What `ldd` prints: each library's name, and where it was found. */
export function parseLdd(output: string): Map<string, string | undefined> {
  const found = new Map<string, string | undefined>();
  for (const line of output.split('\n')) {
    const [, name, path] = /^\s*(\S+) => (\S+|not found)/.exec(line) ?? [];
    if (name !== undefined) found.set(name, path === 'not' || path === 'not found' ? undefined : path);
  }
  return found;
}

/** The libraries to bring along, by name. Throws where one of them is missing here. */
export function librariesToBundle(output: string): Map<string, string> {
  const bundled = new Map<string, string>();
  for (const [name, path] of parseLdd(output)) {
    if (ofTheSystem.test(name)) continue;
    if (path === undefined) throw new Error(`${name} is missing: install it, then build the engine again`);
    bundled.set(name, path);
  }
  return bundled;
}

function run(program: string, args: string[]): string | undefined {
  const { status, stdout } = spawnSync(program, args, {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  return status === 0 ? stdout : undefined;
}

/** The licence of a library that the system's package manager installed. */
function licenceOf(file: string): { name: string; text: string } | undefined {
  // dpkg knows files by the folder they were installed to, which /lib is a link to, or was.
  const real = realpathSync(file);
  const owner = run('dpkg', ['-S', real]) ?? run('dpkg', ['-S', real.replace(/^\/usr/, '')]);
  const name = owner?.split(':', 1)[0];
  if (name === undefined) return undefined;
  const text = join('/usr/share/doc', name, 'copyright');
  return existsSync(text) ? { name, text: readFileSync(text, 'utf8') } : undefined;
}

export interface NativeFiles {
  libraries: string[];
  /** Whether there is a plug-in for CUDA. */
  cuda: boolean;
}

/** `build`: the native part's build folder; `folder`: made anew. */
export function collectNative(build: string, folder: string): NativeFiles {
  const addon = join(build, 'alexnet.node');
  if (!existsSync(addon)) throw new Error(`${addon} is missing: "npm run setup" builds it`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'licences'), { recursive: true });
  copyFileSync(addon, join(folder, 'alexnet.node'));
  const plugin = join(build, 'libalexnet_cuda.so');
  const cuda = existsSync(plugin);
  if (cuda) copyFileSync(plugin, join(folder, basename(plugin)));
  // Elsewhere the engine is linked with what it needs.
  if (process.platform !== 'linux') return { libraries: [], cuda };
  const output = run('ldd', [addon]);
  if (output === undefined) throw new Error(`ldd says nothing of ${addon}`);
  const libraries = librariesToBundle(output);
  for (const [name, path] of libraries) {
    copyFileSync(path, join(folder, name));
    const licence = licenceOf(path);
    if (licence !== undefined) writeFileSync(join(folder, 'licences', `${licence.name}.txt`), licence.text);
  }
  return { libraries: [...libraries.keys()], cuda };
}
