// Says so before a long step begins that the disk has no room for it.
import { statfsSync } from 'node:fs';
import { SetupError } from './reporter.mjs';

/**
 * @param {string} folder one that exists
 * @param {number} neededBytes
 * @param {string} what the room is for
 */
export function checkFreeSpace(folder, neededBytes, what) {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (free >= neededBytes) return;
  throw new SetupError(
    `The disk is too full: ${what} need ${Math.ceil(neededBytes / 1e6)} MB in ${folder}, and ${Math.floor(free / 1e6)} MB are free. Free some, then run the same command again.`,
  );
}
