// Table settings: one JSON value a key.
import type { Schema } from '../api/json.ts';
import type { ReadableDatabase, WritableDatabase } from './database.ts';
import { fromJson } from './json.ts';

/** The value, or undefined where it was never set. */
export function getSetting<T>(db: ReadableDatabase, key: string, schema: Schema<T>): T | undefined {
  const row = db.get<{ value: string }>('settings.get', 'SELECT value FROM settings WHERE key = ?', [key]);
  return row === undefined ? undefined : fromJson(schema, row.value, `settings.${key}`);
}

export function setSetting(db: WritableDatabase, key: string, value: unknown): void {
  db.insert('settings.set', 'INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)', [
    key,
    JSON.stringify(value),
  ]);
}
