// How long something still takes, from how fast it went lately.

/** Keeps the last half minute of progress and extrapolates it. */
export class RemainingTime {
  readonly #now: () => number;
  readonly #points: { at: number; done: number }[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Milliseconds left, or undefined until there is something to go by. */
  update(done: number, total: number): number | undefined {
    const at = this.#now();
    const last = this.#points.at(-1);
    if (last === undefined || at - last.at >= 250) this.#points.push({ at, done });
    while (this.#points.length > 2 && at - (this.#points[0]?.at ?? at) > 30_000) this.#points.shift();
    const first = this.#points[0];
    if (first === undefined || done <= first.done || at - first.at < 1000) return undefined;
    return ((total - done) * (at - first.at)) / (done - first.done);
  }
}
