// The contract over MessagePorts: the page asks for one and gets an end of a new channel; the other end is answered
// here. A page that was loaded anew asks again, and the port of the one before goes.
import type { AnyRouter } from '@orpc/server';
import { RPCHandler } from '@orpc/server/ws';
import { channels } from './channels.ts';
import type { Channel, Ipc, Port } from './electron-parts.ts';
import { ownFrame } from './sender.ts';

type Socket = Parameters<RPCHandler<Record<never, never>>['upgrade']>[0];

/**
 * A port as oRPC's socket adapter sees it: both carry the same messages. (oRPC's own adapter for ports leaves what is
 * wrong with a message as an unhandled rejection, so that garbage would end the process; this one does not.)
 */
function asSocket(port: Port): Socket {
  const socket: unknown = {
    send: (message: unknown) => port.postMessage(message),
    addEventListener(event: 'message' | 'close', listener: (event: { data: unknown }) => void) {
      if (event === 'message') port.on('message', ({ data }) => listener({ data }));
      else port.on('close', () => listener({ data: undefined }));
    },
  };
  return socket as Socket;
}

export interface PortServerParts {
  router: AnyRouter;
  ipc: Ipc;
  createChannel: () => Channel;
  log: (line: string) => void;
}

export class PortServer {
  readonly #rpc: RPCHandler<Record<never, never>>;
  #current: Port | undefined;

  constructor(parts: PortServerParts) {
    this.#rpc = new RPCHandler(parts.router);
    parts.ipc.on(channels.connect, (event) => {
      const frame = ownFrame(event);
      if (frame === undefined) {
        parts.log(`a port was refused to ${event.senderFrame?.url.slice(0, 200) ?? 'a page that is gone'}`);
        return;
      }
      const { port1, port2 } = parts.createChannel();
      this.#serve(port1);
      frame.postMessage(channels.port, null, [port2]);
    });
  }

  /** Whoever waits for an answer gets none any more. */
  close(): void {
    this.#current?.close();
    this.#current = undefined;
  }

  #serve(port: Port): void {
    this.close();
    this.#current = port;
    void this.#rpc.upgrade(asSocket(port));
    port.on('close', () => {
      if (this.#current === port) this.#current = undefined;
    });
    // Messages wait for it.
    port.start();
  }
}
