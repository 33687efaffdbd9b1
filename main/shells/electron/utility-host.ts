// Starts the engine host as a utility process: the same entry that fork-host.ts starts as a plain child process.
import { constants } from 'node:os';
import {
  type HostChild,
  type HostExit,
  hostEntry,
  hostEnvironment,
  type SpawnHost,
} from '../../services/engine-process.ts';
import type { ForkUtility, UtilityChild } from './electron-parts.ts';

/** After the end of a process this long is waited for what it still had to say. */
const lastWordsMs = 1000;

/** Of a number with two names (SIGABRT, SIGIOT) the first one. */
const signalNames = new Map(
  Object.entries(constants.signals)
    .map(([name, number]): [number, string] => [number, name])
    .reverse(),
);

/**
 * How a host ended. Of process.exit() the code comes as it was given, and the host knows but 0 and 1; of a process
 * that was ended otherwise comes what waitpid says: the signal in the low seven bits, above them whether a core was
 * written.
 */
export function hostExit(code: number, platform: NodeJS.Platform = process.platform): HostExit {
  if (code === 0 || code === 1 || platform === 'win32') return { code, signal: null };
  const signal = code < 0x100 ? signalNames.get(code & 0x7f) : undefined;
  if (signal !== undefined) return { code: null, signal };
  return { code: code % 0x100 === 0 ? code / 0x100 : code, signal: null };
}

function ended(stream: NodeJS.ReadableStream | null): Promise<void> {
  return new Promise((resolve) => {
    if (stream === null) return resolve();
    stream.on('end', resolve);
    stream.on('close', resolve);
    stream.on('error', () => resolve());
  });
}

/** SIGTERM, which is all that kill() sends, is left to the parent by the host: its end must come at once. */
function end(child: UtilityChild): void {
  if (child.pid === undefined || process.platform === 'win32') {
    child.kill();
    return;
  }
  try {
    process.kill(child.pid, 'SIGKILL');
  } catch {
    // It has ended by itself meanwhile.
  }
}

/** A function that starts `entry`; its standard output joins this process's error output. */
export function utilityHost(
  fork: ForkUtility,
  { entry = hostEntry, env = process.env }: { entry?: string; env?: NodeJS.ProcessEnv } = {},
): SpawnHost {
  return (): HostChild => {
    const child = fork(entry, [], {
      env: hostEnvironment(env),
      stdio: 'pipe',
      serviceName: 'AlexNet engine',
      execArgv: [],
    });
    let killed = false;
    let over = false;
    child.on('spawn', () => {
      if (killed) end(child);
    });
    child.stdout?.pipe(process.stderr, { end: false });
    const spoken = Promise.all([ended(child.stdout), ended(child.stderr)]);
    const errorListeners: ((text: string) => void)[] = [];
    child.stderr?.setEncoding('utf8');
    child.stderr?.on('data', (text: string) => {
      for (const listener of errorListeners) listener(text);
    });
    // Of a fatal error of V8; the exit follows. Without a listener it would end this process.
    child.on('error', (type, location) => {
      for (const listener of errorListeners) listener(`${type} in ${location}\n`);
    });
    return {
      send(message) {
        if (!over) child.postMessage(message);
      },
      kill() {
        killed = true;
        if (!over) end(child);
      },
      onMessage: (listener) =>
        child.on('message', (message) => listener(message as Parameters<typeof listener>[0])),
      onErrorOutput: (listener) => errorListeners.push(listener),
      onExit: (listener) => {
        child.on('exit', (code) => {
          over = true;
          const exit: HostExit = killed ? { code: null, signal: 'SIGKILL' } : hostExit(code);
          const enough = new Promise((resolve) => setTimeout(resolve, lastWordsMs));
          void Promise.race([spoken, enough]).then(() => listener(exit));
        });
      },
    };
  };
}
