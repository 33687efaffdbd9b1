// The one place that opens a port: HTTP and WebSockets on 127.0.0.1, each request handed on.
import { createServer, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { AppError } from '../../api/errors.ts';
import type { Admission } from './gate.ts';

export interface PortHandlers {
  request(request: IncomingMessage, response: ServerResponse): void;
  /** Before a socket is opened at `path`. */
  admit(request: IncomingMessage): Admission;
  socket(socket: WebSocket): void;
}

export interface OpenPort {
  readonly port: number;
  /** Ends every connection. */
  close(): Promise<void>;
}

/** Calls are small; photos come by HTTP. */
const largestMessageBytes = 8_000_000;
const headersTimeoutMs = 10_000;

function refuseSocket(socket: Duplex, { status, reason }: Exclude<Admission, { admitted: true }>): void {
  const body = `${reason}\n`;
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/** Port 0: any free one. Rejects with BUSY where the port is taken, IO where it may not be opened. */
export async function openPort(
  port: number,
  path: string,
  handlers: (port: number) => PortHandlers,
): Promise<OpenPort> {
  const server = createServer({ headersTimeout: headersTimeoutMs });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new AppError('BUSY', `port ${port} is in use; choose another with --port, or --port 0 for any`, {
              port,
            })
          : new AppError('IO', `port ${port} cannot be opened: ${error.message}`, { port }),
      );
    });
    server.listen(port, '127.0.0.1', resolve);
  });
  const opened = (server.address() as AddressInfo).port;
  const { request, admit, socket: welcome } = handlers(opened);
  const sockets = new WebSocketServer({ noServer: true, maxPayload: largestMessageBytes });
  server.on('request', request);
  server.on('upgrade', (upgrade: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const admission: Admission =
      upgrade.url === path
        ? admit(upgrade)
        : { admitted: false, status: 400, reason: 'There is no socket at this address.' };
    if (!admission.admitted) return refuseSocket(socket, admission);
    sockets.handleUpgrade(upgrade, socket, head, (websocket) => {
      // A peer that breaks the protocol is closed by ws itself.
      websocket.on('error', () => websocket.terminate());
      welcome(websocket);
    });
  });
  return {
    port: opened,
    close: () =>
      new Promise((resolve) => {
        for (const websocket of sockets.clients) websocket.terminate();
        sockets.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
