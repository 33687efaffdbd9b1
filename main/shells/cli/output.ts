// Where a command's words go: results on stdout, everything else on stderr; with --json one object a line on
// stdout. On a terminal one line at the bottom is kept up to date.
import type { ErrorReport } from '../../api/errors.ts';
import { displayWidth, printable } from './format.ts';

export interface TextStream {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

export interface OutputOptions {
  json: boolean;
  quiet: boolean;
  now: () => number;
}

/** At most ten a second on a terminal, a line now and then in a log. */
const statusEveryMs = 100;
const logEveryMs = 15_000;

export class Output {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly #stdout: TextStream;
  readonly #stderr: TextStream;
  readonly #now: () => number;
  #statusShown = false;
  #statusAt = Number.NEGATIVE_INFINITY;

  constructor(stdout: TextStream, stderr: TextStream, options: OutputOptions) {
    this.json = options.json;
    this.quiet = options.quiet;
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#now = options.now;
  }

  /** True where a line can be overwritten. */
  get isTerminal(): boolean {
    return this.#stderr.isTTY === true;
  }

  /** An object for programs; nothing without --json. Numbers that are not finite become null. */
  emit(value: object): void {
    if (this.json) this.#write(this.#stdout, JSON.stringify(value));
  }

  /** A line of the result for people; nothing with --json. */
  print(line = ''): void {
    if (!this.json) this.#write(this.#stdout, line);
  }

  /** What a command has to say besides its result. */
  note(line: string): void {
    if (!this.quiet) this.#write(this.#stderr, line);
  }

  /** Something the user should know, --quiet or not. */
  warn(line: string): void {
    this.#write(this.#stderr, `warning: ${line}`);
  }

  /**
   * How far it is. On a terminal the line replaces the last one; in a log a line is written every
   * 15 seconds. `text` is only asked for when it will be shown.
   */
  status(text: () => string): void {
    if (this.quiet) return;
    const now = this.#now();
    if (now - this.#statusAt < (this.isTerminal ? statusEveryMs : logEveryMs)) return;
    if (this.#statusAt === Number.NEGATIVE_INFINITY && !this.isTerminal) {
      this.#statusAt = now;
      return;
    }
    this.#statusAt = now;
    if (!this.isTerminal) {
      if (!this.json) this.#stderr.write(`${printable(text())}\n`);
      return;
    }
    this.#stderr.write(`\r${shorten(printable(text()), (this.#stderr.columns ?? 80) - 1)}\u001b[K`);
    this.#statusShown = true;
  }

  /** Takes the updating line away. */
  clearStatus(): void {
    this.#statusAt = Number.NEGATIVE_INFINITY;
    if (!this.#statusShown) return;
    this.#stderr.write('\r\u001b[K');
    this.#statusShown = false;
  }

  /** `error CODE: message`, or the object with --json. */
  error(report: ErrorReport): void {
    this.clearStatus();
    if (this.json) this.#stdout.write(`${JSON.stringify({ error: report })}\n`);
    else
      this.#stderr.write(`error ${report.code}: ${report.message.split('\n').map(printable).join('\n  ')}\n`);
  }

  #write(stream: TextStream, line: string): void {
    if (this.#statusShown) {
      this.#stderr.write('\r\u001b[K');
      this.#statusShown = false;
      this.#statusAt = Number.NEGATIVE_INFINITY;
    }
    stream.write(`${line}\n`);
  }
}

function shorten(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let cut = '';
  for (const character of text) {
    if (displayWidth(cut + character) > width) break;
    cut += character;
  }
  return cut;
}
