// A server on a real loopback port over a studio with the fake engine, and clients of it.
import { connect } from 'node:net';
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/websocket';
import type { StudioClient } from '../../../api/contract.ts';
import { fromWire } from '../../../api/wire-error.ts';
import { type FakeOptions, TestFolder } from '../../../services/testing/test-studio.ts';
import { type Server, startServer } from '../serve.ts';
import { openToken } from '../token.ts';

export interface RawAnswer {
  status: number;
  headers: Map<string, string>;
  body: string;
}

export class TestServer {
  readonly folder: TestFolder;
  readonly server: Server;
  readonly token: string;
  readonly #sockets: WebSocket[] = [];

  private constructor(folder: TestFolder, server: Server) {
    this.folder = folder;
    this.server = server;
    this.token = openToken(folder.path('home'));
  }

  static async start(options: Partial<FakeOptions> = {}, folder = new TestFolder()): Promise<TestServer> {
    const pageFolder = folder.path('page');
    folder.write('page/index.html', '<!doctype html><title>page</title>');
    folder.write('page/assets/main.js', 'export {};');
    folder.write('secret.txt', 'secret');
    const studio = folder.open(options);
    return new TestServer(folder, await startServer({ studio, port: 0, pageFolder }));
  }

  get origin(): string {
    return `http://127.0.0.1:${this.server.port}`;
  }

  /** What a page of ours sends along. */
  get ownHeaders(): Record<string, string> {
    return { Cookie: `alexnet-studio-${this.server.port}=${this.token}`, Origin: this.origin };
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { ...this.ownHeaders, ...(init.headers as Record<string, string> | undefined) };
    return fetch(this.origin + path, { redirect: 'manual', ...init, headers });
  }

  /** Exactly these bytes' answer: no client tidies them up. */
  raw(request: string): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.server.port, '127.0.0.1');
      let text = '';
      socket.setEncoding('latin1');
      socket.on('data', (part: string) => {
        text += part;
        // A socket that was opened stays open.
        if (text.startsWith('HTTP/1.1 101') && text.includes('\r\n\r\n')) socket.destroy();
      });
      socket.on('error', reject);
      socket.on('close', () => {
        const [head = '', ...body] = text.split('\r\n\r\n');
        const [first = '', ...lines] = head.split('\r\n');
        const headers = new Map(
          lines.map((line): [string, string] => {
            const at = line.indexOf(':');
            return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()];
          }),
        );
        resolve({ status: Number(first.split(' ')[1]), headers, body: body.join('\r\n\r\n') });
      });
      socket.write(request);
    });
  }

  get(path: string, headers: Record<string, string> = {}): Promise<RawAnswer> {
    const all = { Host: `127.0.0.1:${this.server.port}`, Connection: 'close', ...headers };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    return this.raw(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
  }

  /** The handshake of a WebSocket. */
  upgrade(headers: Record<string, string>, path = '/rpc'): Promise<RawAnswer> {
    return this.get(path, {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      ...headers,
    });
  }

  /** A client over a WebSocket of its own, as the page has. */
  async client(): Promise<{ client: StudioClient; socket: WebSocket }> {
    const options: unknown = { headers: this.ownHeaders };
    const socket = new WebSocket(`ws://127.0.0.1:${this.server.port}/rpc`, options as string[]);
    this.#sockets.push(socket);
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve);
      socket.addEventListener('error', () => reject(new Error('the socket was refused')));
    });
    const made: unknown = createORPCClient(new RPCLink({ websocket: socket }));
    return { client: made as StudioClient, socket };
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.close();
    await this.server.close();
    await this.folder.remove();
  }
}

/** The application's error of a call that fails. */
export async function refusal(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    return fromWire(error);
  }
  throw new Error('the call was expected to fail');
}

/** Events of a stream until one fits, which comes last. */
export async function until<T>(stream: AsyncIterable<T>, fits: (event: T) => boolean): Promise<T[]> {
  const events: T[] = [];
  for await (const event of stream) {
    events.push(event);
    if (fits(event)) return events;
  }
  throw new Error(`the stream ended after ${events.length} events`);
}
