// One HTTP request: admitted or refused, then the page's files, image bytes, or an upload.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../../api/errors.ts';
import type { ImageService } from '../../services/images.ts';
import { largestPhotoBytes, type PhotoService } from '../../services/photos.ts';
import { toFailure } from '../page/failure.ts';
import { findPicture } from '../page/image-routes.ts';
import { fileHeaders, pageHeaders } from '../page/security-headers.ts';
import { findStaticFile } from '../page/static-files.ts';
import type { Admission, Gate } from './gate.ts';

export interface RequestParts {
  gate: Gate;
  /** Where the built page lies. */
  pageFolder: string;
  images: ImageService;
  photos: PhotoService;
  /** Takes the stacks of what was not foreseen. */
  log: (line: string) => void;
}

/** An address is this long at most; ours are far shorter. */
const longestAddress = 2000;

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    ...pageHeaders,
    'Content-Type': 'text/plain; charset=utf-8',
    'Cache-Control': 'no-store',
  });
  response.end(`${text}\n`);
}

function sendJson(response: ServerResponse, status: number, value: object): void {
  const headers = {
    ...fileHeaders,
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': 'no-store',
  };
  response.writeHead(status, headers);
  response.end(JSON.stringify(value));
}

export class RequestHandler {
  readonly #parts: RequestParts;

  constructor(parts: RequestParts) {
    this.#parts = parts;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#answer(request, response);
    } catch (error) {
      this.#fail(error, request, response);
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { gate } = this.#parts;
    const host = gate.checkHost(request.headers);
    if (!host.admitted) return this.#refuse(request, response, host);
    const address = request.url ?? '/';
    // Taken apart by hand where it matters: URL would resolve dots before they are seen.
    const path = address.split('?', 1)[0] ?? '/';
    if (address.length > longestAddress || !path.startsWith('/'))
      return sendText(response, 400, 'Bad address.');
    const query = new URLSearchParams(address.slice(path.length + 1));
    const { method } = request;
    if (method === 'GET' && path === '/' && query.has('token')) return this.#enter(request, response, query);
    const changes = method !== 'GET' && method !== 'HEAD';
    const admission = gate.check(request.headers, { changes });
    if (!admission.admitted) return this.#refuse(request, response, admission);
    if (method === 'POST' && path === '/photos') return await this.#upload(request, response, query);
    if (changes) return sendText(response, 405, 'Only reading is possible here.');
    if (path.startsWith('/images/')) return await this.#picture(request, response, path, query);
    return await this.#file(request, response, path);
  }

  /** The token leaves the address for a cookie. Whoever has it may come from anywhere. */
  #enter(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): void {
    const { gate } = this.#parts;
    if (!gate.isToken(query.get('token') ?? undefined)) {
      const reason = 'This token is not the one of this server. Open the address that "serve" printed last.';
      this.#refuse(request, response, { admitted: false, status: 403, reason });
      return;
    }
    const headers = { ...pageHeaders, 'Set-Cookie': gate.cookie(), 'Cache-Control': 'no-store' };
    const site = request.headers['sec-fetch-site'];
    if (site === undefined || site === 'none' || site === 'same-origin') {
      response.writeHead(303, { ...headers, Location: '/' });
      response.end();
      return;
    }
    // The address was clicked on another page, such as a terminal in a browser. What it redirects to would count as
    // that page's doing and get no cookie; from here on it is ours.
    response.writeHead(200, { ...headers, 'Content-Type': 'text/html; charset=utf-8' });
    response.end(
      '<!doctype html><meta http-equiv="refresh" content="0; url=/"><title>AlexNet Studio</title>\n',
    );
  }

  #refuse(
    request: IncomingMessage,
    response: ServerResponse,
    admission: Exclude<Admission, { admitted: true }>,
  ): void {
    request.resume();
    sendText(response, admission.status, admission.reason);
  }

  async #file(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const file = await findStaticFile(this.#parts.pageFolder, path);
    if (file === undefined) {
      const text =
        path === '/'
          ? 'The screens are not built yet. "npm run build" builds them; then load this page again.'
          : 'There is no such file.';
      return sendText(response, path === '/' ? 503 : 404, text);
    }
    response.writeHead(200, {
      ...pageHeaders,
      'Content-Type': file.mediaType,
      'Content-Length': file.sizeBytes,
      'Cache-Control': file.lasting ? 'public, max-age=31536000, immutable' : 'no-cache',
    });
    if (request.method === 'HEAD') response.end();
    else await pipeline(file.open(), response);
  }

  async #picture(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    query: URLSearchParams,
  ): Promise<void> {
    const { bytes, mediaType, lasting } = await findPicture(this.#parts.images, path, query);
    response.writeHead(200, {
      ...fileHeaders,
      'Content-Type': mediaType,
      'Content-Length': bytes.byteLength,
      // A data set that is packed anew has other pixels under the same address.
      'Cache-Control': lasting ? 'private, max-age=60' : 'private, no-cache',
    });
    response.end(request.method === 'HEAD' ? undefined : bytes);
  }

  async #upload(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): Promise<void> {
    const name = query.get('name') ?? '';
    if (name === '') throw new AppError('INVALID_ARGUMENT', 'a photo needs a name', { field: 'name' });
    const length = Number(request.headers['content-length'] ?? 0);
    if (length > largestPhotoBytes) {
      // The rest is not read: the connection ends with the answer.
      response.setHeader('Connection', 'close');
      throw new AppError('IMAGE_TOO_LARGE', `${name} is larger than ${largestPhotoBytes / 1e6} MB`);
    }
    const leave = new AbortController();
    response.on('close', () => leave.abort());
    const photo = await this.#parts.photos.upload(name, request, leave.signal);
    sendJson(response, 200, photo);
  }

  #fail(error: unknown, request: IncomingMessage, response: ServerResponse): void {
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    request.resume();
    const { status, body, stack } = toFailure(error);
    if (stack !== undefined) this.#parts.log(`${request.method} ${request.url?.split('?', 1)[0]}: ${stack}`);
    sendJson(response, status, body);
  }
}
