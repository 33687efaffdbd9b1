// The native part: configured once, then built by ninja, which does only what is left to do.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { checkFreeSpace } from './disk-space.mjs';
import { SetupError } from './reporter.mjs';

/** One build folder with all tests. */
const neededBytes = 0.5e9;

/**
 * @param {string} have e.g. "3.25.1"
 * @param {string} need e.g. "3.25"
 */
export function versionAtLeast(have, need) {
  const left = have.split('.').map(Number);
  for (const [index, part] of need.split('.').map(Number).entries()) {
    const other = left[index] ?? 0;
    if (other !== part) return other > part;
  }
  return true;
}

/** @param {string} sourceFolder */
function checkCmake(sourceFolder) {
  const lists = readFileSync(join(sourceFolder, 'CMakeLists.txt'), 'utf8');
  const need = /cmake_minimum_required\(VERSION ([\d.]+)/.exec(lists)?.[1];
  const have = /version ([\d.]+)/.exec(
    spawnSync('cmake', ['--version'], { encoding: 'utf8' }).stdout ?? '',
  )?.[1];
  if (need !== undefined && have !== undefined && !versionAtLeast(have, need))
    throw new SetupError(
      `cmake ${have} is too old: ${need} or newer is needed. Debian 12 has it; elsewhere install a newer cmake and put it first in PATH.`,
    );
}

/**
 * A build folder remembers absolute paths: one of a checkout that has moved is of no use.
 * @param {string} buildFolder
 * @param {string} sourceFolder
 */
function isConfigured(buildFolder, sourceFolder) {
  if (!existsSync(join(buildFolder, 'build.ninja'))) return false;
  const cache = readFileSync(join(buildFolder, 'CMakeCache.txt'), 'utf8');
  return cache.includes(`CMAKE_HOME_DIRECTORY:INTERNAL=${sourceFolder}\n`);
}

/**
 * @param {import('./reporter.mjs').Reporter} reporter
 * @param {string} root the checkout
 * @param {{ name: string, definitions?: string[], targets?: string[] }} options name: of the folder in
 *   native/build; definitions: -D...; targets: nothing means all
 */
export async function buildNative(reporter, root, { name, definitions = [], targets = [] }) {
  const source = join(root, 'native');
  const build = join(source, 'build', name);
  if (!isConfigured(build, source)) {
    checkCmake(source);
    rmSync(build, { recursive: true, force: true });
    checkFreeSpace(source, neededBytes, 'the native build');
    const args = ['-S', source, '-B', build, '-G', 'Ninja', ...definitions];
    await reporter.step(`Configuring native/build/${name}`, () => reporter.run('cmake', args));
  }
  const args = ['-C', build, '-j', String(availableParallelism()), ...targets];
  await reporter.step(
    `Building native/build/${name}`,
    (update) =>
      reporter.run('ninja', args, {
        onLine: (line) => {
          const progress = /^\[(\d+\/\d+)\]/.exec(line)?.[1];
          if (progress !== undefined) update(progress);
        },
        // Of a failed build the compiler's words are wanted, not the command lines and what went well.
        keepLine: (line) => !/^\[\d+\/\d+\]|^(: && )?\/\S*(c\+\+|g\+\+|ccache) /.test(line),
      }),
    (/** @type {string[]} */ lines) => !lines.some((line) => line.includes('no work to do')),
  );
}
