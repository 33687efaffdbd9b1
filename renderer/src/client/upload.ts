// Photos on their way to the studio.

import { AppError, isErrorCode } from '../../../main/api/errors.ts';
import { photoUploadUrl } from '../../../main/api/image-urls.ts';
import type { Photo } from '../../../main/api/operations/classify.ts';
import { OfflineError } from '../logic/errors.ts';

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
