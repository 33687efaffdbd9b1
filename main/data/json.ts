// JSON columns: parsed against the schema they were written by.
import { parseJson, type Schema } from '../api/json.ts';

/** Throws CORRUPT_DATABASE naming the column where the text is not what was stored. */
export function fromJson<T>(schema: Schema<T>, text: string, column: string): T {
  return parseJson(schema, text, column, 'CORRUPT_DATABASE');
}
