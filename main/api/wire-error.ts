// An error on its way between processes: what oRPC carries is { code, message, data }, what the application knows
// is AppError { code, message, details? }.
import { AppError, type ErrorReport, isErrorCode } from './errors.ts';

/** `data` of the oRPC error for a report. */
export interface WireErrorData {
  details?: Record<string, unknown>;
}

export function toWireData(report: ErrorReport): WireErrorData {
  return report.details === undefined ? {} : { details: report.details };
}

/**
 * The AppError that crossed, for whoever catches an error of a client's call. What is no error of the application
 * (the connection broke, the call was aborted) is returned as it is.
 */
export function fromWire(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code, data } = error as Error & { code?: unknown; data?: unknown };
  if (!isErrorCode(code)) return error;
  const details: unknown =
    typeof data === 'object' && data !== null ? Reflect.get(data, 'details') : undefined;
  const known = typeof details === 'object' && details !== null ? { ...details } : undefined;
  return new AppError(code, error.message, known, { cause: error });
}
