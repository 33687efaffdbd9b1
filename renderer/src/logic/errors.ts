// Errors as the screens show them: the service's own message says what happened; here is what to do about it.
import { isErrorCode } from '../../../main/api/errors.ts';

export interface ShownError {
  code: string;
  title: string;
  message: string;
  advice: string;
  /** Nothing is wrong but the connection. */
  offline: boolean;
}

/** A call was made, or was under way, while there was no connection. */
export class OfflineError extends Error {
  readonly code = 'OFFLINE';
  constructor() {
    super('There is no connection to the studio at the moment.');
    this.name = 'OfflineError';
  }
}

const titles: Record<string, string> = {
  OFFLINE: 'Not connected',
  NOT_FOUND: 'Not found',
  BUSY: 'Busy',
  IN_USE: 'In use',
  DISK_FULL: 'The disk is full',
  IO: 'Reading or writing failed',
  OUT_OF_MEMORY: 'Out of memory',
  DEVICE_UNAVAILABLE: 'The device cannot be used',
  DATASET_NOT_READY: 'The data set is not ready',
  INVALID_CONFIG: 'A setting cannot be used',
  INVALID_SPEC: 'This net cannot be built',
  ENGINE_MISSING: 'The engine is missing',
  ENGINE_DIED: 'The engine ended unexpectedly',
  DEVICE_LOST: 'A device stopped',
  DIVERGED: 'Training diverged',
  CANCELLED: 'Cancelled',
  NAME_TAKEN: 'The name is taken',
  EMPTY_DATASET: 'No images were found',
  CORRUPT_DATABASE: 'The database is damaged',
  DATABASE_TOO_NEW: 'The database is of a newer version',
};

const advice: Record<string, string> = {
  OFFLINE: 'It is reached for again by itself; what runs goes on meanwhile.',
  NOT_FOUND: 'It may have been deleted, moved or renamed: look for it again.',
  BUSY: 'Try again when that is done; where it is a job, it can also be stopped.',
  DISK_FULL:
    'Free some space on the disk of the data directory (Settings shows it), then try again; nothing is lost.',
  IO: 'See whether the folder still exists, its disk is mounted and you may read it.',
  OUT_OF_MEMORY: 'Choose a smaller batch, or end other programs that use the device.',
  DEVICE_UNAVAILABLE: 'Choose another device; Home says why each can or cannot be used.',
  DATASET_NOT_READY: 'Open the data set: packing continues from where it ended.',
  ENGINE_MISSING: 'Build it with npm run setup, then start again.',
  ENGINE_DIED:
    'Resume the run: it goes on from its newest checkpoint. The log in the data directory has the details.',
  DEVICE_LOST:
    'Resume the run: it goes on from its newest checkpoint. If it happens again, look at the driver and the power of the device.',
  CORRUPT_CHECKPOINT: 'Choose another checkpoint of the run.',
  INTERNAL: 'This is a fault of the program. The log in the data directory has the details.',
};

function textOf(value: unknown, key: string): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const text: unknown = Reflect.get(value, key);
  return typeof text === 'string' ? text : undefined;
}

/** What a message of the services may begin with that is no name, path or setting. */
const plainBeginning =
  /^(a|all|an|another|both|data set|every|it|its|newer|no|none|nothing|only|photos|run|such|that|the|there|these|this|training|what)\b/;

/** Services speak in clauses, which the command line puts after a code; alone they are sentences. */
export function sentence(message: string): string {
  const text = message.trim();
  const begun = plainBeginning.test(text) ? `${text.charAt(0).toUpperCase()}${text.slice(1)}` : text;
  return begun === '' || /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}

export function explainError(error: unknown): ShownError {
  const code = textOf(error, 'code') ?? 'INTERNAL';
  const known = code === 'OFFLINE' || isErrorCode(code);
  const shown = known ? code : 'INTERNAL';
  return {
    code: code === 'INTERNAL_SERVER_ERROR' ? 'INTERNAL' : code,
    title: titles[shown] ?? 'That did not work',
    message: sentence(textOf(error, 'message') ?? String(error)),
    advice: advice[shown] ?? '',
    offline: code === 'OFFLINE',
  };
}

/** The message and what to do about it, in one line. */
export function tellError(error: unknown): string {
  const { message, advice } = explainError(error);
  return advice === '' ? message : `${message} ${advice}`;
}

export function isCancelled(error: unknown): boolean {
  const code = textOf(error, 'code');
  return code === 'CANCELLED' || (error instanceof DOMException && error.name === 'AbortError');
}
