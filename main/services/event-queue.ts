// Events pushed on one side, iterated on the other, in order. The reader that is slow gets them later, not fewer:
// whoever pushes often gathers before pushing.

export class EventQueue<T> implements AsyncIterableIterator<T> {
  #waiting: T[] = [];
  #readers: ((result: IteratorResult<T>) => void)[] = [];
  #ended = false;
  readonly #cleanUp: () => void;
  readonly #signal: AbortSignal;
  readonly #abort = () => this.end();

  /** Ends when the signal is aborted; `cleanUp` is called once, whichever way it ends. */
  constructor(signal: AbortSignal, cleanUp: () => void) {
    this.#signal = signal;
    this.#cleanUp = cleanUp;
    signal.addEventListener('abort', this.#abort);
    if (signal.aborted) this.end();
  }

  push(event: T): void {
    if (this.#ended) return;
    const reader = this.#readers.shift();
    if (reader === undefined) this.#waiting.push(event);
    else reader({ done: false, value: event });
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#signal.removeEventListener('abort', this.#abort);
    this.#cleanUp();
    for (const reader of this.#readers.splice(0)) reader({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<T>> {
    // What was pushed before the end is still read.
    if (this.#waiting.length > 0) {
      const [value] = this.#waiting.splice(0, 1) as [T];
      return Promise.resolve({ done: false, value });
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#readers.push(resolve));
  }

  return(): Promise<IteratorResult<T>> {
    this.#waiting = [];
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
