// The host's end of its channel to the parent: plain Node's child_process.fork and Electron's utilityProcess
// behind one interface.
import type { FromHost, ToHost } from './protocol.ts';

export interface HostPort {
  send(message: FromHost): void;
  onMessage(listener: (message: ToHost) => void): void;
  /** The parent is gone. */
  onClose(listener: () => void): void;
  /** Resolves when everything that was sent has left this process. */
  flush(): Promise<void>;
  /** Lets the process end. */
  close(): void;
}

/** The part of Electron's process.parentPort that is used. */
interface ParentPort {
  on(event: 'message', listener: (event: { data: ToHost }) => void): unknown;
  postMessage(message: FromHost): void;
}

/** The channel of this process. Throws where the process was started without one. */
export function openPort(): HostPort {
  const { parentPort } = process as NodeJS.Process & { parentPort?: ParentPort };
  if (parentPort !== undefined) return utilityPort(parentPort);
  if (process.send !== undefined) return forkPort();
  throw new Error('The engine host has no parent: it is started by the application, not by hand.');
}

function forkPort(): HostPort {
  let unsent = 0;
  let drained: (() => void)[] = [];
  const sent = () => {
    unsent -= 1;
    if (unsent > 0) return;
    for (const resolve of drained) resolve();
    drained = [];
  };
  return {
    send(message) {
      if (!process.connected) return; // the parent is gone, and onClose is on its way
      unsent += 1;
      process.send?.(message, undefined, undefined, sent);
    },
    onMessage(listener) {
      process.on('message', (message) => listener(message as ToHost));
    },
    onClose(listener) {
      process.on('disconnect', listener);
    },
    flush() {
      return new Promise((resolve) => {
        if (unsent === 0) resolve();
        else drained.push(resolve);
      });
    },
    close() {
      process.removeAllListeners('disconnect');
      if (process.connected) process.disconnect();
    },
  };
}

/** Electron ends a utility process together with its parent, and posts in order before it exits. */
function utilityPort(port: ParentPort): HostPort {
  return {
    send: (message) => port.postMessage(message),
    onMessage(listener) {
      port.on('message', (event) => listener(event.data));
    },
    onClose: () => {},
    flush: () => Promise.resolve(),
    close: () => process.exit(),
  };
}
