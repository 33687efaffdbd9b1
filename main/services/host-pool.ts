// Processes that are kept open between questions: opening a model takes longer than a hundred answers of it. Few at
// a time, and none for long without a question.

export interface PooledHost {
  readonly busy: boolean;
  /** When it was asked or answered last: performance.now(). */
  readonly usedAt: number;
  /** Resolves when its process has left. */
  close(): Promise<void>;
}

export class HostPool<Host extends PooledHost> {
  readonly #mostOpen: number;
  readonly #idleMs: number;
  readonly #open = new Map<string, Host>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: { mostOpen: number; idleMs?: number | undefined }) {
    this.#mostOpen = options.mostOpen;
    this.#idleMs = options.idleMs ?? 120_000;
  }

  get size(): number {
    return this.#open.size;
  }

  /** `open` is told what to call when the host has ended. */
  get(key: string, open: (onEnd: () => void) => Host): Host {
    const known = this.#open.get(key);
    if (known !== undefined) return known;
    this.#makeRoom();
    const opened = open(() => {
      if (this.#open.get(key) === opened) this.#open.delete(key);
    });
    this.#open.set(key, opened);
    this.#timer ??= setInterval(() => this.#closeIdle(), 5000).unref();
    return opened;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([...this.#open.values()].map((host) => host.close()));
  }

  #makeRoom(): void {
    const idle = [...this.#open].filter(([, host]) => !host.busy).sort(([, a], [, b]) => a.usedAt - b.usedAt);
    for (const [key, host] of idle.slice(0, Math.max(0, this.#open.size - this.#mostOpen + 1))) {
      this.#open.delete(key);
      void host.close();
    }
  }

  #closeIdle(): void {
    for (const [key, host] of this.#open) {
      if (host.busy || performance.now() - host.usedAt < this.#idleMs) continue;
      this.#open.delete(key);
      void host.close();
    }
    if (this.#open.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
