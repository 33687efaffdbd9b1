// The AppError that something was refused with.
import { AppError } from '../api/errors.ts';

function expected(error: unknown): AppError {
  if (error instanceof AppError) return error;
  throw error;
}

export function refusal(work: () => unknown): AppError {
  try {
    work();
  } catch (error) {
    return expected(error);
  }
  throw new Error('nothing was refused');
}

export async function rejection(work: Promise<unknown>): Promise<AppError> {
  try {
    await work;
  } catch (error) {
    return expected(error);
  }
  throw new Error('nothing was refused');
}
