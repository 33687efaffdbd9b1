// The application's log, for what a user need not see: slow statements and the stacks of faults.
import { appendFileSync, renameSync, statSync } from 'node:fs';

/** Then the file becomes the one old file that is kept. */
const mostBytes = 1_000_000;

export class LogFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** A line with the time. A log that cannot be written stops nothing. */
  write(line: string): void {
    try {
      const size = statSync(this.path, { throwIfNoEntry: false })?.size ?? 0;
      if (size > mostBytes) renameSync(this.path, `${this.path}.old`);
      appendFileSync(this.path, `${new Date().toISOString()} ${line}\n`, { mode: 0o600 });
    } catch {
      // A full disk is told by what was to be done, not by its log.
    }
  }
}
