// The programs and libraries the operating system must bring (packages.txt): found, or installed with apt-get
// where that is allowed, or named together with the command that installs them.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { SetupError } from './reporter.mjs';

/**
 * @typedef {{ name: string, kind: 'program' | 'header' | 'package', probe: string }} Requirement
 *   name: the Debian package; probe: what shows that it is there
 */

/**
 * @param {string} text packages.txt
 * @returns {Requirement[]}
 */
export function parseRequirements(text) {
  const requirements = [];
  for (const [index, line] of text.split('\n').entries()) {
    const fields = line.replace(/#.*/, '').trim().split(/\s+/);
    const [name, kind, probe] = fields;
    if (name === undefined || name === '') continue;
    if (kind === undefined) requirements.push({ name, kind: /** @type {const} */ ('package'), probe: name });
    else if ((kind === 'program' || kind === 'header') && probe !== undefined && fields.length === 3)
      requirements.push({ name, kind: /** @type {'program' | 'header'} */ (kind), probe });
    else
      throw new SetupError(
        `packages.txt, line ${index + 1}: "${line}" is not PACKAGE [program|header NAME].`,
      );
  }
  return requirements;
}

/**
 * @param {string} name
 * @param {NodeJS.ProcessEnv} env
 */
export function hasProgram(name, env = process.env) {
  return (env.PATH ?? '').split(delimiter).some((folder) => {
    if (folder === '') return false;
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** @param {NodeJS.ProcessEnv} env */
function includeFolders(env) {
  /** @param {string | undefined} list */
  const split = (list) => (list ?? '').split(delimiter).filter((folder) => folder !== '');
  const system = ['/usr/include', '/usr/local/include', '/opt/homebrew/include', '/opt/local/include'];
  const multiarch = existsSync('/usr/include')
    ? readdirSync('/usr/include')
        .filter((name) => name.includes('-linux-'))
        .map((name) => join('/usr/include', name))
    : [];
  const prefixes = split(env.CMAKE_PREFIX_PATH).map((prefix) => join(prefix, 'include'));
  return [...split(env.CPATH), ...split(env.CPLUS_INCLUDE_PATH), ...prefixes, ...system, ...multiarch];
}

/**
 * @param {Requirement[]} requirements
 * @param {NodeJS.ProcessEnv} env
 */
export function findMissing(requirements, env = process.env) {
  const folders = includeFolders(env);
  return requirements.filter(({ kind, probe }) => {
    if (kind === 'program') return !hasProgram(probe, env);
    if (kind === 'header') return !folders.some((folder) => existsSync(join(folder, probe)));
    const query = spawnSync('dpkg', ['-s', probe], { encoding: 'utf8', env });
    return query.status !== 0 || !query.stdout.includes('install ok installed');
  });
}

/**
 * What a person must do where set-up may not install by itself.
 * @param {Requirement[]} missing
 * @param {boolean} debian
 */
export function installAdvice(missing, debian) {
  if (debian) {
    const names = missing.map(({ name }) => name).join(' ');
    return [
      `These packages are missing: ${names}`,
      'Install them, then run the same command again:',
      `  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${names}`,
    ].join('\n');
  }
  return [
    'This is not Debian or Ubuntu, so please install these by the means of your system, then run the same command again:',
    ...missing.map(({ name, kind, probe }) => `  ${kind} ${probe}  (Debian's package ${name})`),
  ].join('\n');
}

/**
 * @param {import('./reporter.mjs').Reporter} reporter
 * @param {string} listFile packages.txt
 */
export async function ensureSystemPackages(reporter, listFile) {
  const requirements = parseRequirements(readFileSync(listFile, 'utf8'));
  const missing = findMissing(requirements);
  if (missing.length === 0) return;
  const debian = hasProgram('apt-get') && hasProgram('dpkg');
  if (!debian || process.getuid?.() !== 0) throw new SetupError(installAdvice(missing, debian));

  const names = missing.map(({ name }) => name);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const common = ['-q', '-o', 'DPkg::Lock::Timeout=600'];
  await reporter.step(`Installing Debian packages: ${names.join(' ')}`, async (update) => {
    update('reading the package lists');
    await reporter.run('apt-get', [...common, 'update'], { env });
    await reporter.run('apt-get', [...common, 'install', '-y', '--no-install-recommends', ...names], {
      env,
      onLine: (line) => {
        if (/^(Get:|Unpacking|Setting up)/.test(line)) update(line.slice(0, 70));
      },
    });
  });
  const still = findMissing(requirements);
  if (still.length > 0)
    throw new SetupError(
      `Installed, but not found: ${still.map(({ kind, probe }) => `${kind} ${probe}`).join(', ')}.`,
    );
}
