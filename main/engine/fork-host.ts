// Starts the engine host as a plain Node child process. (Electron's shell starts the same entry as a utility
// process.)
import { fork } from 'node:child_process';
import { extname, join } from 'node:path';
import type { HostChild, SpawnHost } from './client.ts';

/** Beside this file, in the language that this file is in: TypeScript in a checkout, JavaScript once built. */
export const hostEntry = join(import.meta.dirname, `host-entry${extname(import.meta.filename)}`);

/**
 * What a host's process needs besides `env`. Threads that wait for others sleep: spinning gains nothing on a free
 * machine and takes the cores away from whatever they wait for on a busy one. OpenMP reads it when the process starts.
 */
export function hostEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return { OMP_WAIT_POLICY: 'passive', ...env };
}

/** A function that starts `entry`; its standard output joins this process's error output. */
export function forkHost(entry: string = hostEntry, env: NodeJS.ProcessEnv = process.env): SpawnHost {
  return (): HostChild => {
    const child = fork(entry, [], {
      env: hostEnvironment(env),
      execArgv: [], // the parent's debugger is not the host's
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    child.stdout?.pipe(process.stderr, { end: false });
    return {
      send(message) {
        // A child that has died cannot be told anything; its exit says so.
        if (child.connected) child.send(message, () => {});
      },
      kill: () => child.kill('SIGKILL'),
      onMessage: (listener) => child.on('message', listener),
      onErrorOutput: (listener) => child.stderr?.setEncoding('utf8').on('data', listener),
      onExit: (listener) => {
        child.on('error', (error) => listener({ code: null, signal: null, error }));
        // 'close' comes after everything that the child has written and sent.
        child.on('close', (code, signal) => listener({ code, signal }));
      },
    };
  };
}
