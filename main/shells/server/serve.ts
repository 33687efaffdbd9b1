// The screens in a browser on this machine: composes the application, the gate, the port and the transport.
import { fileURLToPath } from 'node:url';
import { RPCHandler } from '@orpc/server/ws';
import { contract } from '../../api/contract.ts';
import type { Studio } from '../../services/studio.ts';
import { createRouter } from '../rpc/router.ts';
import { Gate } from './gate.ts';
import { type OpenPort, openPort } from './ports.ts';
import { RequestHandler } from './request-handler.ts';
import { openToken } from './token.ts';

export interface ServeOptions {
  studio: Studio;
  /** 0: any free one. */
  port: number;
  /** Where the built page lies; the repository's own by default. */
  pageFolder?: string;
}

export interface Server {
  readonly port: number;
  /** With the token. */
  readonly url: string;
  close(): Promise<void>;
}

export const socketPath = '/rpc';

const builtPage = fileURLToPath(new URL('../../../renderer/dist', import.meta.url));

/** Rejects with BUSY where the port is taken or another application uses the data directory, IO. */
export async function startServer({ studio, port, pageFolder = builtPage }: ServeOptions): Promise<Server> {
  const application = studio.openApplication({ remote: true });
  const token = openToken(studio.directory.root);
  const log = (line: string) => studio.log(line);
  const rpc = new RPCHandler(createRouter(contract, application.handlers, { log }));
  const opened: OpenPort = await openPort(port, socketPath, (own) => {
    const gate = new Gate({ port: own, token });
    const { images, photos } = application;
    const requests = new RequestHandler({ gate, pageFolder, images, photos, log });
    return {
      request: (request, response) => void requests.handle(request, response),
      admit: ({ headers }) => gate.check(headers, { changes: true }),
      socket: (socket) => void rpc.upgrade(socket),
    };
  });
  return {
    port: opened.port,
    url: `http://127.0.0.1:${opened.port}/?token=${token}`,
    close: () => opened.close(),
  };
}
