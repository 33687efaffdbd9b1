// JSON columns: parsed against the schema they were written by.
import * as z from 'zod';
import { AppError } from '../api/errors.ts';

/** Throws CORRUPT_DATABASE naming the column where the text is not what was stored. */
export function fromJson<T extends z.ZodType>(schema: T, text: string, column: string): z.output<T> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new AppError('CORRUPT_DATABASE', `${column} holds no JSON`, { column }, { cause: error });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new AppError('CORRUPT_DATABASE', `${column} holds something else: ${z.prettifyError(result.error)}`, {
    column,
  });
}
