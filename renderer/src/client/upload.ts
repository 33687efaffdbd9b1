// Photos on their way to the studio.

import type { StudioClient } from '../../../main/api/contract.ts';
import { AppError, isErrorCode } from '../../../main/api/errors.ts';
import { photoUploadUrl } from '../../../main/api/image-urls.ts';
import type { Photo } from '../../../main/api/operations/classify.ts';
import { OfflineError } from '../logic/errors.ts';
import { desktopOf } from './desktop.ts';

/**
 * A dropped, picked or pasted photo. In the window the user's own file is used where it lies; in a browser, and of what
 * has no path, the studio keeps a copy. Throws as uploadPhoto() does.
 */
export async function takePhoto(client: Pick<StudioClient, 'classify'>, file: File): Promise<Photo> {
  const path = desktopOf()?.pathOf(file) ?? '';
  const [photo] = path === '' ? [] : await client.classify.addPaths({ paths: [path] });
  return photo ?? (await uploadPhoto(file));
}

/** Throws AppError for what the studio refuses, OfflineError where it is not reached. */
export async function uploadPhoto(file: File): Promise<Photo> {
  let response: Response;
  try {
    response = await fetch(photoUploadUrl(file.name), { method: 'POST', body: file });
  } catch {
    throw new OfflineError();
  }
  const answer: unknown = await response.json().catch(() => null);
  if (response.ok && isPhoto(answer)) return answer;
  const error: unknown = typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'error') : null;
  const [code, message] = ['code', 'message'].map((key) =>
    typeof error === 'object' && error !== null ? (Reflect.get(error, key) as unknown) : undefined,
  );
  throw new AppError(
    isErrorCode(code) ? code : 'IO',
    typeof message === 'string' ? message : `${file.name} was not taken (${response.status})`,
  );
}

/** The page's own server answers: its form is looked at, not every field. */
function isPhoto(value: unknown): value is Photo {
  return typeof value === 'object' && value !== null && 'id' in value && 'name' in value && 'image' in value;
}
