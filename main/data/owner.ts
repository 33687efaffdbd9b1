// Who drives a run. A process is named by its id and its start, so that a pid that was given out again is not
// taken for the process that died.
import { readFileSync } from 'node:fs';

export interface Owner {
  pid: number;
  /** When it started, in a form only compared; null where the system does not say. */
  started: string | null;
}

interface ProcessStat {
  state: string;
  startTicks: string;
}

/** Fields 3 and 22 of /proc/<pid>/stat; undefined where there is no such file. */
function readStat(pid: number): ProcessStat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // Field 2 is the program's name in brackets, and may hold blanks and brackets itself.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields[0], fields[19]];
  return state === undefined || startTicks === undefined ? undefined : { state, startTicks };
}

/** Start ticks count from the boot: after another boot they may be the same by chance. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

function startToken(stat: ProcessStat): string {
  return `${bootId()}:${stat.startTicks}`;
}

/** This process, or another. */
export function ownerOf(pid: number = process.pid): Owner {
  const stat = readStat(pid);
  return { pid, started: stat === undefined ? null : startToken(stat) };
}

/** Whether the process still runs. Where its start is unknown, a process with its pid counts as it. */
export function isAlive(owner: Owner): boolean {
  const stat = readStat(owner.pid);
  if (stat !== undefined) {
    // Z, X: it has ended, and its parent has not asked for the result yet.
    if (stat.state === 'Z' || stat.state === 'X') return false;
    return owner.started === null || owner.started === startToken(stat);
  }
  try {
    process.kill(owner.pid, 0);
    return process.platform !== 'linux';
  } catch (error) {
    // EPERM: it lives, and is somebody else's.
    return error instanceof Error && Reflect.get(error, 'code') === 'EPERM';
  }
}
