// What makes a command stop: a signal, or that nobody reads its output any more.

export class Interrupts {
  readonly signal: AbortSignal;
  outputClosed = false;
  readonly #process: NodeJS.Process;
  readonly #controller = new AbortController();
  readonly #onSignal: (signal: NodeJS.Signals) => void;

  constructor(of: NodeJS.Process) {
    this.#process = of;
    this.signal = this.#controller.signal;
    this.#onSignal = (name) => this.#interrupted(name);
    of.on('SIGINT', this.#onSignal);
    of.on('SIGTERM', this.#onSignal);
    of.on('SIGHUP', this.#onSignal);
    for (const stream of [of.stdout, of.stderr]) {
      stream.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EPIPE') throw error;
        if (stream === of.stdout) this.outputClosed = true;
        this.#controller.abort();
      });
    }
  }

  stopListening(): void {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) this.#process.off(name, this.#onSignal);
  }

  #interrupted(name: NodeJS.Signals): void {
    if (this.signal.aborted) {
      // The engine host sees its channel close and ends by itself.
      this.#process.exit(130);
    }
    if (name === 'SIGINT' && this.#process.stderr.isTTY) {
      this.#process.stderr.write('\nstopping; once more to stop at once\n');
    }
    this.#controller.abort();
  }
}
