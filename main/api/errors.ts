// The closed list of error codes. Errors cross every boundary as { code, message, details? }.

/** Codes the engine throws (native/include/alexnet/error.h) ... */
export const engineErrorCodes = [
  'INVALID_SPEC',
  'INVALID_CONFIG',
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'IO',
  'DISK_FULL',
  'UNSUPPORTED_IMAGE',
  'CORRUPT_IMAGE',
  'IMAGE_TOO_LARGE',
  'CORRUPT_PACK',
  'OUT_OF_MEMORY',
  'DEVICE_UNAVAILABLE',
  'DEVICE_LOST', // a device that stopped in the middle of a job
  'DIVERGED',
  'CANCELLED',
  'INTERNAL',
] as const;

/** ... and codes that only exist above it. */
export const appErrorCodes = [
  'USAGE', // wrong arguments on the command line
  'NAME_TAKEN',
  'INVALID_NAME',
  'EMPTY_DATASET',
  'INVALID_LABELS', // a labels file that does not fit the images
  'DATASET_NOT_READY',
  'RUN_NOT_RESUMABLE',
  'BUSY', // something else holds what is needed
  'IN_USE', // cannot be removed while something needs it
  'CORRUPT_CHECKPOINT',
  'INVALID_MODEL', // a model file that is damaged or does not fit
  'DATABASE_TOO_NEW',
  'CORRUPT_DATABASE', // studio.sqlite is damaged or something else altogether
  'ENGINE_MISSING', // the native addon is not built or does not load
  'ENGINE_DIED', // the engine host ended without a word
] as const;

export type ErrorCode = (typeof engineErrorCodes)[number] | (typeof appErrorCodes)[number];

export interface ErrorReport {
  code: ErrorCode;
  message: string;
  details?: Record<string, unknown>;
}

/** The one error class above the engine. The message says what happened and what to do. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details?: Record<string, unknown>;

  constructor(code: ErrorCode, message: string, details?: Record<string, unknown>, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AppError';
    this.code = code;
    if (details !== undefined) this.details = details;
  }
}

const knownCodes: ReadonlySet<string> = new Set([...engineErrorCodes, ...appErrorCodes]);

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && knownCodes.has(value);
}

/** What crosses a boundary: code, message, details. Anything that is not ours becomes INTERNAL. */
export function toErrorReport(error: unknown): ErrorReport {
  if (error instanceof Error) {
    const { code, details } = error as Error & { code?: unknown; details?: unknown };
    const report: ErrorReport = { code: isErrorCode(code) ? code : 'INTERNAL', message: error.message };
    if (typeof details === 'object' && details !== null) report.details = { ...details };
    return report;
  }
  return { code: 'INTERNAL', message: String(error) };
}

/** The error a report was made from, for the receiving side of a boundary. */
export function fromErrorReport(report: ErrorReport): AppError {
  return new AppError(report.code, report.message, report.details);
}
