// One set-up at a time in a checkout. The lock file names its holder; one whose process is gone is stale.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';

const pollMs = 250;

/** When a process started, in clock ticks since boot: a number of a later process with the same id differs.
 * @param {number} pid
 */
function startTime(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[19] ?? '';
  } catch {
    return '';
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}

/**
 * Whether the process that wrote a lock is gone. One of another machine (a shared folder) never counts as gone.
 * @param {string} text
 */
export function isStale(text) {
  const [pid, started, host] = text.split(' ');
  if (host !== hostname()) return host === undefined;
  return !isAlive(Number(pid)) || startTime(Number(pid)) !== started;
}

/** @param {string} file */
function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * Writes the file whole and then gives it its name, so that nobody reads half a lock.
 * @param {string} file
 */
function tryTake(file) {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, `${process.pid} ${startTime(process.pid)} ${hostname()}`);
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(own, { force: true });
  }
}

/**
 * Takes a dead holder's lock away. Where somebody else took a new lock in between, that one is put back.
 * @param {string} file
 */
function removeStale(file) {
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  if (!isStale(readIfThere(aside) ?? '')) {
    try {
      linkSync(aside, file);
    } catch {
      // A third one holds the lock by now.
    }
  }
  rmSync(aside, { force: true });
}

/**
 * Waits for the lock. It goes with the process, or with the function that is returned.
 * @param {string} file
 * @param {(holder: string) => void} onWait told once, with the holder's process id
 * @returns {Promise<() => void>} gives the lock back
 */
export async function takeLock(file, onWait) {
  mkdirSync(dirname(file), { recursive: true });
  let told = false;
  while (!tryTake(file)) {
    const holder = readIfThere(file);
    if (holder === undefined) continue;
    if (isStale(holder)) {
      removeStale(file);
      continue;
    }
    if (!told) onWait(holder.split(' ')[0] ?? '');
    told = true;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  const release = () => rmSync(file, { force: true });
  process.once('exit', release);
  return () => {
    process.off('exit', release);
    release();
  };
}
