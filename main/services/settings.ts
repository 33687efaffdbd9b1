// What the user has set, each a row of the settings table.
import type { Schema } from '../api/json.ts';
import { type Settings, type SettingsChange, settingsSchema } from '../api/operations/studio.ts';
import type { WritableDatabase } from '../data/database.ts';
import { getSetting, setSetting } from '../data/settings.ts';
import type { Changes } from './changes.ts';

type Key = keyof Settings;

const keys = Object.keys(settingsSchema.shape) as Key[];

export class SettingsService {
  readonly #db: WritableDatabase;
  readonly #changes: Changes;

  constructor(db: WritableDatabase, changes: Changes) {
    this.#db = db;
    this.#changes = changes;
  }

  read(): Settings {
    const stored: Record<string, unknown> = {};
    for (const key of keys) {
      const schema: Schema<unknown> = settingsSchema.shape[key];
      const value = getSetting(this.#db, key, schema);
      if (value !== undefined) stored[key] = value;
    }
    return settingsSchema.parse(stored);
  }

  /** Of `layout` the given keys are replaced, the others stay. */
  change(change: SettingsChange): Settings {
    this.#db.transaction(() => {
      for (const [key, value] of Object.entries(change)) {
        setSetting(this.#db, key, key === 'layout' ? { ...this.read().layout, ...change.layout } : value);
      }
    });
    this.#changes.tell('settings');
    return this.read();
  }
}
