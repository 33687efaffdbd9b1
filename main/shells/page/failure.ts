// An error as the answer to a request for bytes: a status, and words that may be shown.
import { type ErrorCode, type ErrorReport, toErrorReport } from '../../api/errors.ts';

const statuses: Partial<Record<ErrorCode, number>> = {
  NOT_FOUND: 404,
  INVALID_ARGUMENT: 400,
  DATASET_NOT_READY: 409,
  BUSY: 409,
  UNSUPPORTED_IMAGE: 415,
  CORRUPT_IMAGE: 422,
  IMAGE_TOO_LARGE: 413,
  CORRUPT_PACK: 422,
  CORRUPT_CHECKPOINT: 422,
  DISK_FULL: 507,
  ENGINE_MISSING: 503,
};

export interface Failure {
  status: number;
  /** The answer's body. */
  body: { error: ErrorReport };
  /** For the log: the stack of what was not foreseen. */
  stack: string | undefined;
}

/** What was not foreseen may say anything (paths, values): it goes to the log alone. */
export function toFailure(error: unknown): Failure {
  const { code, message } = toErrorReport(error);
  const status = statuses[code] ?? 500;
  if (code !== 'INTERNAL') return { status, body: { error: { code, message } }, stack: undefined };
  const shown = 'Something went wrong; studio.log in the data directory says what.';
  const stack = error instanceof Error ? (error.stack ?? message) : message;
  return { status, body: { error: { code, message: shown } }, stack };
}
