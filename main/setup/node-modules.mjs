// The npm packages: `npm ci` where node_modules is not what package-lock.json says, and a Node new enough to run
// the project's TypeScript.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { checkFreeSpace } from './disk-space.mjs';
import { SetupError } from './reporter.mjs';

/** The project's TypeScript runs directly, which this major version does. */
const neededNodeMajor = 24;
/** What node_modules takes, and npm's cache of it. */
const neededBytes = 0.8e9;

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean }} LockedPackage
 * @typedef {{ packages?: Record<string, LockedPackage> }} Lock
 */

/**
 * Whether an installed tree is the locked one. Optional packages (those of other systems) may be missing, but
 * none may differ.
 * @param {Lock} locked package-lock.json
 * @param {Lock} installed node_modules/.package-lock.json, which npm writes last
 */
export function sameTree(locked, installed) {
  const have = installed.packages ?? {};
  const want = locked.packages ?? {};
  for (const [path, { version, integrity, optional }] of Object.entries(want)) {
    if (path === '') continue;
    const found = have[path];
    if (found === undefined) {
      if (optional) continue;
      return false;
    }
    if (found.version !== version || found.integrity !== integrity) return false;
  }
  return Object.keys(have).every((path) => want[path] !== undefined);
}

/** @param {string} file */
function readLock(file) {
  try {
    return /** @type {Lock} */ (JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

/** npm as it was started, run by the Node that it was started with, not by one that `npm ci` would delete. */
export function npmCommand(env = process.env) {
  const { npm_execpath: script, npm_node_execpath: node } = env;
  if (script !== undefined && node !== undefined && /\.c?js$/.test(script)) return [node, script];
  return ['npm'];
}

/**
 * @param {import('./reporter.mjs').Reporter} reporter
 * @param {string} root the checkout
 */
export async function ensureNodeModules(reporter, root) {
  const lockFile = join(root, 'package-lock.json');
  const locked = readLock(lockFile);
  if (locked === undefined)
    throw new SetupError(`${lockFile} is missing or damaged: restore it (git checkout).`);
  const installed = readLock(join(root, 'node_modules', '.package-lock.json'));
  if (installed === undefined || !sameTree(locked, installed)) {
    checkFreeSpace(root, neededBytes, 'the npm packages');
    await reporter.step('Installing the npm packages of package-lock.json', () => {
      const [program = 'npm', ...args] = npmCommand();
      // npm runs on Node 20 and warns about each package that asks for a newer one; node_modules brings that.
      const quiet = ['--loglevel=error', '--no-progress'];
      // Tries again after 1 s and 3 s: npm's own waits make a missing network take minutes to say.
      const retries = ['--fetch-retries=2', '--fetch-retry-mintimeout=1000', '--fetch-retry-factor=3'];
      return reporter.run(program, [...args, 'ci', ...quiet, ...retries], { cwd: root, name: 'npm ci' });
    });
  }
  checkNode(root, Object.keys(locked.packages ?? {}));
}

/**
 * @param {string} root
 * @param {string[]} lockedPaths
 */
function checkNode(root, lockedPaths) {
  const bundled = join(root, 'node_modules', '.bin', 'node');
  if (lockedPaths.includes(`node_modules/node-${process.platform}-${process.arch}`)) {
    const { status, signal, error } = spawnSync(bundled, ['--version']);
    if (status === 0) return;
    // npm takes an optional package that it could not unpack for one of another system. Install anew next time.
    rmSync(join(root, 'node_modules', '.package-lock.json'), { force: true });
    throw new SetupError(
      `${bundled} does not start (${error?.message ?? signal ?? status}): it was not unpacked whole, perhaps for want of disk space. Run the same command again to install it anew.`,
    );
  }
  if (Number.parseInt(process.versions.node, 10) < neededNodeMajor)
    throw new SetupError(
      `For ${process.platform} on ${process.arch} no Node comes with the packages, and this one is ${process.version}: install Node ${neededNodeMajor} or newer, then run the same command again.`,
    );
}
