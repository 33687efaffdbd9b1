// What set-up prints: one line a step, with the time it took. On a terminal the line shows progress meanwhile; in
// a log a long step says every half minute that it is alive. Everything that programs say goes to one log file.
import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { hintFor } from './hints.mjs';

const aliveEveryMs = 30_000;
const tailLines = 40;

/** A step that cannot go on. The message says what happened and what to do. */
export class SetupError extends Error {}

/** @param {number} elapsedMs */
export function formatSeconds(elapsedMs) {
  return elapsedMs < 60_000
    ? `${(elapsedMs / 1000).toFixed(1)} s`
    : `${Math.floor(elapsedMs / 60_000)} min ${Math.round((elapsedMs % 60_000) / 1000)} s`;
}

export class Reporter {
  /**
   * @param {string} logFile where the programs' output goes
   * @param {{ write(text: string): unknown, isTTY?: boolean }} out
   */
  constructor(logFile, out = process.stderr) {
    this.logFile = logFile;
    this.out = out;
    this.logStarted = false;
  }

  /** @param {string} text */
  say(text) {
    this.out.write(`${text}\n`);
  }

  /**
   * Runs one step and says in one line what it did and how long it took.
   * @template T
   * @param {string} title
   * @param {(update: (detail: string) => void) => Promise<T>} work
   * @param {(result: T) => boolean} didSomething where false, nothing is said
   * @returns {Promise<T>}
   */
  async step(title, work, didSomething = () => true) {
    const start = performance.now();
    let detail = '';
    const show = () => {
      if (this.out.isTTY) this.out.write(`\r\x1b[K${title}${detail === '' ? '' : `: ${detail}`}`);
    };
    show();
    const alive = setInterval(() => {
      if (!this.out.isTTY) this.say(`${title}: ${detail || 'still at work'}`);
    }, aliveEveryMs);
    try {
      const result = await work((text) => {
        detail = text;
        show();
      });
      this.finishLine(didSomething(result) ? `${title} (${formatSeconds(performance.now() - start)})\n` : '');
      return result;
    } catch (error) {
      this.finishLine(`${title}: failed after ${formatSeconds(performance.now() - start)}\n`);
      throw error;
    } finally {
      clearInterval(alive);
    }
  }

  /**
   * Runs a program with its output in the log, and returns its lines. Throws with the end of them where it fails.
   * @param {string} program
   * @param {string[]} args
   * @param {{ name?: string, cwd?: string, env?: NodeJS.ProcessEnv, onLine?: (line: string) => void,
   *   keepLine?: (line: string) => boolean }} [options] name: the
   *   program's, in words; keepLine: which lines a failure shows
   * @returns {Promise<string[]>}
   */
  async run(program, args, { name = program, cwd, env, onLine, keepLine } = {}) {
    this.log(`\n$ ${program} ${args.join(' ')}\n`);
    /** @type {string[]} */
    const lines = [];
    const status = await new Promise((resolve, reject) => {
      const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
      // Nobody who interrupts set-up wants a build to go on behind it.
      const endChild = () => child.kill();
      process.once('exit', endChild);
      for (const stream of [child.stdout, child.stderr]) {
        let rest = '';
        stream.on('data', (/** @type {Buffer} */ chunk) => {
          this.log(chunk.toString());
          const parts = (rest + chunk.toString()).split('\n');
          rest = parts.pop() ?? '';
          for (const line of parts) {
            lines.push(line);
            onLine?.(line);
          }
        });
        stream.on('end', () => {
          if (rest !== '') lines.push(rest);
        });
      }
      child.on('error', reject);
      child.on('close', (code, signal) => {
        process.off('exit', endChild);
        resolve(code ?? signal);
      });
    });
    if (status === 0) return lines;
    const shown = lines.filter((line) => line.trim() !== '' && (keepLine?.(line) ?? true)).slice(-tailLines);
    const hint = hintFor(lines.join('\n'));
    throw new SetupError(
      `${shown.join('\n')}\n\n${name} failed (${status}). The whole log: ${this.logFile}${hint ? `\n${hint}` : ''}`,
    );
  }

  /** @param {string} text */
  log(text) {
    if (this.logStarted) return appendFileSync(this.logFile, text);
    mkdirSync(dirname(this.logFile), { recursive: true });
    writeFileSync(this.logFile, text);
    this.logStarted = true;
  }

  /** @param {string} text */
  finishLine(text) {
    this.out.write(this.out.isTTY ? `\r\x1b[K${text}` : text);
  }
}
