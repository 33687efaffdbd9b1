// JSON texts against schemas, for those that know schemas but not zod.
import * as z from 'zod';
import { AppError, type ErrorCode } from './errors.ts';

export type Schema<T> = z.ZodType<T>;

export const textSchema = z.string();
export const textListSchema = z.array(z.string());
export const textMapSchema = z.record(z.string(), z.string());
export const objectSchema = z.record(z.string(), z.unknown());

/** The value of a JSON text. Throws AppError(code) that begins with `what`, e.g. "models.net". */
export function parseJson<T>(schema: Schema<T>, text: string, what: string, code: ErrorCode): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new AppError(code, `${what} holds no JSON`, { part: what }, { cause: error });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new AppError(code, `${what} holds something else: ${z.prettifyError(result.error)}`, { part: what });
}
