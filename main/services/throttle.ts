// Something that is told often, told at most every so often; the last state is always told.

export class Throttle {
  readonly #intervalMs: number;
  readonly #act: () => void;
  #actedAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(intervalMs: number, act: () => void) {
    this.#intervalMs = intervalMs;
    this.#act = act;
  }

  /** Acts now, or when the interval is over. */
  request(): void {
    const dueMs = this.#actedAt + this.#intervalMs - performance.now();
    if (dueMs <= 0) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), dueMs);
  }

  /** Acts now. */
  flush(): void {
    this.cancel();
    this.#actedAt = performance.now();
    this.#act();
  }

  /** What was requested is forgotten. */
  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
