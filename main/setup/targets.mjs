// What `npm start`, `npm test` and the like need and run: everything is set up, then the target runs. Written for
// the oldest Node that npm may bring, and without any package, since there may be none yet.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildNative } from './native-build.mjs';
import { ensureNodeModules, npmCommand } from './node-modules.mjs';
import { Reporter, SetupError } from './reporter.mjs';
import { takeLock } from './setup-lock.mjs';
import { ensureSystemPackages } from './system-packages.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * What each target needs of the native part (undefined: it builds by itself; [] is everything), and the npm script
 * that it is.
 * @type {Record<string, { build?: string[], script?: string[] }>}
 */
const targets = {
  start: { build: ['alexnet_addon'], script: ['start:app'] },
  build: { script: ['build:app'] },
  package: { build: ['alexnet_addon'], script: ['package:app'] },
  test: { build: [], script: ['suites'] },
  bench: { build: [], script: ['bench:run'] },
  sanitize: { script: ['sanitize'] },
  setup: { build: [] },
};

/** @param {{ build?: string[] }} target */
async function setUp(target) {
  const reporter = new Reporter(join(root, 'native', 'build', 'setup.log'));
  const release = await takeLock(join(root, 'native', 'build', 'setup.lock'), (holder) =>
    reporter.say(`Another set-up is at work in this checkout (process ${holder}): waiting for it.`),
  );
  try {
    await ensureSystemPackages(reporter, join(root, 'main', 'setup', 'packages.txt'));
    await ensureNodeModules(reporter, root);
    if (target.build) {
      const definitions = ['-DCMAKE_BUILD_TYPE=Release'];
      await buildNative(reporter, root, { name: 'release', definitions, targets: target.build });
    }
  } finally {
    release();
  }
}

/**
 * Runs an npm script, which finds the packages' own Node.
 * @param {string[]} script name and arguments
 * @returns {Promise<number>} its exit status
 */
function runScript([name = '', ...args]) {
  const [program = 'npm', ...npmArgs] = npmCommand();
  const child = spawn(program, [...npmArgs, 'run', '-s', name, '--', ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  // Ctrl-C reaches the target too: it ends by itself, and its status is ours.
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      if (signal !== 'SIGINT') child.kill(signal);
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve(code ?? (signal === null ? 1 : 128 + constants.signals[signal])),
    );
  });
}

/** @param {string[]} argv */
async function setUpAndRun([name = '', ...args]) {
  const target = targets[name];
  if (target === undefined)
    throw new SetupError(`Unknown target "${name}": it is one of ${Object.keys(targets).join(', ')}.`);
  // An interrupted set-up ends here and now; its lock goes with the process.
  const stop = () => process.exit(130);
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  await setUp(target);
  process.off('SIGINT', stop);
  process.off('SIGTERM', stop);
  return target.script === undefined ? 0 : runScript([...target.script, ...args]);
}

/**
 * @param {string[]} argv the target's name and its arguments
 * @returns {Promise<number>} the exit status
 */
export async function runTarget(argv) {
  try {
    return await setUpAndRun(argv);
  } catch (error) {
    const known = error instanceof SetupError;
    process.stderr.write(`\n${known ? error.message : error instanceof Error ? error.stack : error}\n`);
    return 1;
  }
}
