// EngineHost: the parent's side of one job in the engine host.
import { AppError, fromErrorReport } from '../api/errors.ts';
import type { Command } from '../api/training.ts';
import type { InspectQuestion } from './inspect-questions.ts';
import type { FromHost, Job, ToHost } from './protocol.ts';

/** How a child process ended. `error`: it could not be started at all. */
export interface HostExit {
  code: number | null;
  signal: string | null;
  error?: Error;
}

/** A started host, however it was started. */
export interface HostChild {
  send(message: ToHost): void;
  /** Ends it at once; what it has stored is whole. */
  kill(): void;
  onMessage(listener: (message: FromHost) => void): void;
  onErrorOutput(listener: (text: string) => void): void;
  onExit(listener: (exit: HostExit) => void): void;
}

export type SpawnHost = () => HostChild;

/**
 * What the host tells, by the message's type. A listener that throws, or rejects, ends the job with that error. What
 * comes while a listener's promise is open waits for it, the job's end as well.
 */
export type HostListeners = {
  [Type in FromHost['type']]?: (message: Extract<FromHost, { type: Type }>) => unknown;
} & {
  /** What the host writes on its error output: warnings, and the stacks of unexpected errors. For the log. */
  errorOutput?: (text: string) => void;
};

/** Lines of the host's error output that are kept to explain its death. */
const keptLines = 20;
/** A host that has said its last word gets this long to leave. */
const leaveMs = 10_000;

export class EngineHost {
  /** Resolves when the job is done and the process has left. Rejects with the job's error, or ENGINE_DIED. */
  readonly ended: Promise<void>;
  readonly #child: HostChild;
  readonly #listeners: HostListeners;
  #errorOutput = '';
  #finished = false;
  #failure: Error | undefined;
  #exited = false;
  #leaving: NodeJS.Timeout | undefined;
  /** Messages that wait for a listener, and what becomes of the host when they are heard. */
  readonly #waiting: FromHost[] = [];
  #listening = false;
  #settle = () => {};

  constructor(spawn: SpawnHost, job: Job, listeners: HostListeners = {}) {
    this.#listeners = listeners;
    this.#child = spawn();
    this.ended = new Promise((resolve, reject) => {
      this.#child.onExit((exit) => {
        if (this.#exited) return;
        this.#exited = true;
        clearTimeout(this.#leaving);
        this.#settle = () => {
          if (this.#failure !== undefined) reject(this.#failure);
          else if (this.#finished) resolve();
          else reject(this.#explainDeath(exit));
        };
        if (!this.#listening) this.#settle();
      });
    });
    // Whoever awaits `ended` later gets the error then; until that it is not an unhandled one.
    this.ended.catch(() => {});
    this.#child.onErrorOutput((text) => {
      listeners.errorOutput?.(text);
      this.#errorOutput = `${this.#errorOutput}${text}`.split('\n').slice(-keptLines).join('\n');
    });
    this.#child.onMessage((message) => {
      this.#waiting.push(message);
      if (!this.#listening) this.#hear();
    });
    this.#child.send({ type: 'start', job });
  }

  command(command: Command): void {
    this.#send({ type: 'command', command });
  }

  /** Training: asks for a tensor as it is at the next step boundary; `looked` brings it. */
  look(tensor: string): void {
    this.#send({ type: 'look', tensor });
  }

  /** Training: all that was told up to this checkpoint is stored. */
  stored(checkpointId: number): void {
    this.#send({ type: 'stored', checkpointId });
  }

  /** Asks the job to end; `ended` then rejects with CANCELLED. */
  cancel(): void {
    this.#send({ type: 'cancel' });
  }

  classify(id: number, paths: string[]): void {
    this.#send({ type: 'classify', id, paths });
  }

  inspect(id: number, question: InspectQuestion): void {
    this.#send({ type: 'inspect', id, question });
  }

  /** An answer that is not wanted any more. */
  forget(id: number): void {
    this.#send({ type: 'forget', id });
  }

  /** A classify job: no more files will come. */
  finish(): void {
    this.#send({ type: 'finish' });
  }

  /** Ends the process at once; `ended` rejects with `reason`, or CANCELLED. */
  kill(reason: Error = new AppError('CANCELLED', 'The engine was stopped.')): void {
    this.#failure ??= reason;
    if (!this.#exited) this.#child.kill();
  }

  #send(message: ToHost): void {
    if (!this.#exited) this.#child.send(message);
  }

  /** Everything that waits, until a listener takes its time. */
  #hear(): void {
    for (let message = this.#waiting.shift(); message !== undefined; message = this.#waiting.shift()) {
      // Given up: what was under way is of no use.
      if (this.#failure !== undefined) continue;
      const heard = message;
      try {
        const listener = this.#listeners[heard.type] as ((message: FromHost) => unknown) | undefined;
        const answer = listener?.(heard);
        if (answer instanceof Promise) {
          this.#listening = true;
          void answer
            .then(
              () => this.#heard(heard),
              (error: unknown) => this.#giveUp(error),
            )
            .finally(() => {
              this.#listening = false;
              this.#hear();
              if (!this.#listening) this.#settle();
            });
          return;
        }
      } catch (error) {
        this.#giveUp(error);
        continue;
      }
      this.#heard(heard);
    }
  }

  #giveUp(error: unknown): void {
    this.kill(error instanceof Error ? error : new Error(String(error)));
  }

  #heard(message: FromHost): void {
    if (message.type === 'finished') {
      this.#finished = true;
      this.#awaitLeaving();
    } else if (message.type === 'error') {
      this.#failure ??= fromErrorReport(message.error);
      this.#awaitLeaving();
    }
  }

  #awaitLeaving(): void {
    this.#leaving = setTimeout(() => this.#child.kill(), leaveMs);
  }

  #explainDeath({ code, signal, error }: HostExit): AppError {
    const lines = this.#errorOutput.trim();
    const details = { exitCode: code, signal, errorOutput: lines };
    const said = lines === '' ? '' : ` Its last words:\n${lines}`;
    return new AppError('ENGINE_DIED', `${cause(code, signal, error)}${said}`, details, { cause: error });
  }
}

function cause(code: number | null, signal: string | null, error: Error | undefined): string {
  if (error !== undefined) return `The engine could not be started: ${error.message}.`;
  if (signal === 'SIGKILL') {
    return (
      'The engine was killed (SIGKILL), most often by the system when memory runs out. ' +
      'Use a smaller batch or close other programs.'
    );
  }
  if (signal === 'SIGTERM' || signal === 'SIGINT' || signal === 'SIGHUP') {
    return `The engine was ended from outside (${signal}).`;
  }
  if (signal !== null) return `The engine crashed (${signal}).`;
  return `The engine ended without a word (exit code ${code}).`;
}
