// What other processes do to the same data: the command line beside the application. SQLite says that another
// connection has written; which rows, nobody says, so every list is told to look again.
import type { ChangeTopic } from '../api/operations/studio.ts';
import type { WritableDatabase } from '../data/database.ts';
import type { Changes } from './changes.ts';
import type { RunService } from './runs.ts';

const everyMs = 2000;
/** What the command line changes. */
const topics: readonly ChangeTopic[] = ['datasets', 'runs', 'evaluations', 'ledger', 'models', 'predictions'];

export interface OutsideParts {
  db: WritableDatabase;
  changes: Changes;
  runs: RunService;
  log: (line: string) => void;
}

export class Outside {
  readonly #parts: OutsideParts;
  #timer: NodeJS.Timeout | undefined;
  #version: unknown;

  constructor(parts: OutsideParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#version = this.#parts.db.pragma('data_version');
    this.#timer = setInterval(() => this.look(), everyMs).unref();
  }

  /** Tells what others changed; a run whose process died becomes interrupted. */
  look(): void {
    const { db, changes, runs, log } = this.#parts;
    try {
      for (const { id } of runs.markDeadInterrupted()) changes.tell('runs', id);
      const version = db.pragma('data_version');
      if (version === this.#version) return;
      this.#version = version;
      for (const topic of topics) changes.tell(topic);
    } catch (error) {
      // A database that is locked for long is looked at again.
      log(`looking for others' changes: ${String(error)}`);
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
