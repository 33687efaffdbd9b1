// Answers the window's requests to app://studio/: the built page's files, image bytes by id, and photos that have no
// path (from the clipboard). What `serve` does over http, without a port that others could reach.
import { buffer } from 'node:stream/consumers';
import { AppError } from '../../api/errors.ts';
import type { ImageService } from '../../services/images.ts';
import type { PhotoService } from '../../services/photos.ts';
import { toFailure } from '../page/failure.ts';
import { findPicture } from '../page/image-routes.ts';
import { fileHeaders, pageHeaders } from '../page/security-headers.ts';
import { findStaticFile } from '../page/static-files.ts';
import { isOwnUrl } from './origin.ts';

export interface PageParts {
  /** Where the built page lies. */
  pageFolder: string;
  images: ImageService;
  photos: PhotoService;
  /** Takes the stacks of what was not foreseen. */
  log: (line: string) => void;
}

function text(status: number, words: string): Response {
  return new Response(`${words}\n`, {
    status,
    headers: { ...pageHeaders, 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' },
  });
}

function json(status: number, value: object): Response {
  return new Response(JSON.stringify(value), {
    status,
    headers: {
      ...fileHeaders,
      'Content-Type': 'application/json; charset=utf-8',
      'Cache-Control': 'no-store',
    },
  });
}

async function file(pageFolder: string, path: string): Promise<Response> {
  const found = await findStaticFile(pageFolder, path);
  if (found === undefined) {
    if (path !== '/') return text(404, 'There is no such file.');
    return text(503, 'The screens are not built: "npm start" builds them.');
  }
  const headers = { ...pageHeaders, 'Content-Type': found.mediaType, 'Cache-Control': 'no-cache' };
  return new Response(new Uint8Array(await buffer(found.open())), { headers });
}

async function picture(images: ImageService, path: string, query: URLSearchParams): Promise<Response> {
  const { bytes, mediaType, lasting } = await findPicture(images, path, query);
  // A data set that is packed anew has other pixels under the same address.
  const caching = lasting ? 'private, max-age=60' : 'private, no-cache';
  const headers = { ...fileHeaders, 'Content-Type': mediaType, 'Cache-Control': caching };
  return new Response(new Uint8Array(bytes), { headers });
}

async function upload(photos: PhotoService, request: Request, query: URLSearchParams): Promise<Response> {
  const name = query.get('name') ?? '';
  if (name === '') throw new AppError('INVALID_ARGUMENT', 'a photo needs a name', { field: 'name' });
  const bytes: AsyncIterable<Uint8Array> = request.body ?? noBytes();
  return json(200, await photos.upload(name, bytes, request.signal));
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}

export function pageProtocol(parts: PageParts): (request: Request) => Promise<Response> {
  const answer = async (request: Request): Promise<Response> => {
    if (!isOwnUrl(request.url)) return text(404, 'There is nothing at this address.');
    const { pathname, searchParams } = new URL(request.url);
    const path = pathname === '' ? '/' : pathname;
    const origin = request.headers.get('origin');
    if (origin !== null && !isOwnUrl(origin)) return text(403, 'Requests of other pages are refused.');
    if (request.method === 'POST' && path === '/photos')
      return await upload(parts.photos, request, searchParams);
    if (request.method !== 'GET') return text(405, 'Only reading is possible here.');
    if (path.startsWith('/images/')) return await picture(parts.images, path, searchParams);
    return await file(parts.pageFolder, path);
  };
  return async (request) => {
    try {
      return await answer(request);
    } catch (error) {
      const { status, body, stack } = toFailure(error);
      if (stack !== undefined) parts.log(`${request.method} ${request.url.slice(0, 200)}: ${stack}`);
      return json(status, body);
    }
  };
}
