// One connection to the studio that mends itself: calls go over the link that is open now, are refused while there is
// none, and those under way are rejected when it breaks, since no answer to them will come.
import type { ClientContext, ClientLink, ClientOptions } from '@orpc/client';
import { fromWire } from '../../../main/api/wire-error.ts';
import { OfflineError } from '../logic/errors.ts';

export interface OpenLink {
  link: ClientLink<ClientContext>;
  /** Resolves when the link is closed, by whichever side. */
  closed: Promise<void>;
  close(): void;
}

/** Rejects where there is nobody to talk to. */
export type OpenTransport = (signal: AbortSignal) => Promise<OpenLink>;

export type ConnectionState =
  | { kind: 'connecting' }
  | { kind: 'open' }
  /** `retryAt`: ms UTC. */
  | { kind: 'waiting'; retryAt: number };

const firstDelayMs = 300;
const longestDelayMs = 8_000;
const openTimeoutMs = 8_000;

export class Connection implements ClientLink<ClientContext> {
  readonly #open: OpenTransport;
  readonly #listeners = new Set<(state: ConnectionState) => void>();
  readonly #stop = new AbortController();
  #state: ConnectionState = { kind: 'connecting' };
  #current: OpenLink | undefined;
  #attempt = 0;
  #wake: () => void = () => {};

  constructor(open: OpenTransport) {
    this.#open = open;
    void this.#run();
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Called at once and on every change; returns how to stop. */
  onState(listener: (state: ConnectionState) => void): () => void {
    this.#listeners.add(listener);
    listener(this.#state);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when the connection is open; rejects when `signal` is aborted. */
  whenOpen(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    if (this.#state.kind === 'open') return Promise.resolve();
    return new Promise((resolve, reject) => {
      const stop = this.onState(({ kind }) => {
        if (kind !== 'open') return;
        queueMicrotask(() => stop());
        resolve();
      });
      signal.addEventListener('abort', () => {
        stop();
        reject(signal.reason);
      });
    });
  }

  /** Tries at once instead of after the delay. */
  retry(): void {
    this.#wake();
  }

  close(): void {
    this.#stop.abort();
    this.#current?.close();
    this.#wake();
  }

  /** Throws OfflineError without a link, AppError for what the studio refuses. */
  async call(
    path: readonly string[],
    input: unknown,
    options: ClientOptions<ClientContext>,
  ): Promise<unknown> {
    const current = this.#current;
    if (current === undefined) throw new OfflineError();
    const broken = current.closed.then(() => {
      throw new OfflineError();
    });
    broken.catch(() => {});
    try {
      const answer = await Promise.race([current.link.call(path, input, options), broken]);
      return isStream(answer) ? guarded(answer, broken) : answer;
    } catch (error) {
      throw fromWire(error);
    }
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.#set({ kind: 'connecting' });
      try {
        const timeout = AbortSignal.timeout(openTimeoutMs);
        this.#current = await this.#open(AbortSignal.any([this.#stop.signal, timeout]));
        this.#attempt = 0;
        this.#set({ kind: 'open' });
        await this.#current.closed;
      } catch {
        // Nobody there yet: the state says so, and it is tried again.
      }
      this.#current = undefined;
      if (this.#stop.signal.aborted) break;
      const delay = Math.min(longestDelayMs, firstDelayMs * 2 ** this.#attempt++);
      this.#set({ kind: 'waiting', retryAt: Date.now() + delay });
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, delay);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  #set(state: ConnectionState): void {
    this.#state = state;
    for (const listener of [...this.#listeners]) listener(state);
  }
}

function isStream(value: unknown): value is AsyncIterator<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value && 'next' in value;
}

/** The stream, ended with an error when the link breaks, and with AppErrors for what the studio says. */
function guarded(stream: AsyncIterator<unknown>, broken: Promise<never>): AsyncIterableIterator<unknown> {
  return {
    async next() {
      try {
        return await Promise.race([stream.next(), broken]);
      } catch (error) {
        throw fromWire(error);
      }
    },
    async return(value?: unknown) {
      // Of a link that is closed no answer comes: the reader must not wait for it.
      await Promise.race([stream.return?.(value), broken]).catch(() => {});
      return { done: true, value };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
