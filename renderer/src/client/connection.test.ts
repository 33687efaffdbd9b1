import type { ClientContext, ClientLink } from '@orpc/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { OfflineError } from '../logic/errors.ts';
import { Connection, type OpenLink } from './connection.ts';
import { follow } from './follow.ts';

type Call = ClientLink<ClientContext>['call'];

class FakeStudio {
  up = true;
  opened = 0;
  current: { break: () => void } | undefined;
  call: Call = () => Promise.resolve('answer');

  readonly open = (): Promise<OpenLink> => {
    if (!this.up) return Promise.reject(new Error('refused'));
    this.opened++;
    let close = () => {};
    const closed = new Promise<void>((resolve) => {
      close = resolve;
    });
    this.current = { break: close };
    return Promise.resolve({ link: { call: (...args) => this.call(...args) }, closed, close });
  };
}

const options = { context: {} };
let studio: FakeStudio;
let connection: Connection;

beforeEach(() => {
  vi.useFakeTimers();
  studio = new FakeStudio();
});
afterEach(() => {
  connection.close();
  vi.useRealTimers();
});

async function connected(): Promise<void> {
  connection = new Connection(studio.open);
  await vi.advanceTimersByTimeAsync(0);
}

describe('Connection', () => {
  it('calls over the open link', async () => {
    await connected();
    expect(connection.state.kind).toBe('open');
    await expect(connection.call(['a'], 1, options)).resolves.toBe('answer');
  });

  it('refuses calls on a closed link and rejects those under way', async () => {
    await connected();
    studio.call = () => new Promise(() => {});
    const pending = connection.call(['a'], 1, options);
    const refused = expect(pending).rejects.toBeInstanceOf(OfflineError);
    studio.up = false;
    studio.current?.break();
    await refused;
    await vi.advanceTimersByTimeAsync(0);
    await expect(connection.call(['a'], 1, options)).rejects.toBeInstanceOf(OfflineError);
    expect(connection.state.kind).toBe('waiting');
  });

  it('comes back by itself, trying ever less often, and at once when asked', async () => {
    studio.up = false;
    await connected();
    const delays: number[] = [];
    connection.onState((state) => {
      if (state.kind === 'waiting') delays.push(state.retryAt - Date.now());
    });
    for (let i = 0; i < 7; i++) await vi.advanceTimersByTimeAsync(delays.at(-1) ?? 0);
    expect(delays).toEqual([300, 600, 1200, 2400, 4800, 8000, 8000, 8000]);
    studio.up = true;
    connection.retry();
    await vi.advanceTimersByTimeAsync(0);
    expect(connection.state.kind).toBe('open');
  });
});

describe('follow', () => {
  it('reads on after a break from where the reader was', async () => {
    await connected();
    const from: unknown[] = [];
    const seen: number[] = [];
    studio.call = (_path, input) => {
      from.push(input);
      const start = Number(input);
      let next = start;
      return Promise.resolve({
        next: () =>
          start === 0 && next >= 2
            ? new Promise(() => {})
            : Promise.resolve(next >= 4 ? { done: true, value: undefined } : { done: false, value: ++next }),
        return: () => Promise.resolve({ done: true, value: undefined }),
        [Symbol.asyncIterator]() {
          return this;
        },
      });
    };
    const open = () =>
      connection.call(['watch'], seen.at(-1) ?? 0, options) as Promise<AsyncIterable<number>>;
    const ended = follow(connection, open, (step) => seen.push(step), new AbortController().signal);
    await vi.advanceTimersByTimeAsync(10);
    expect(seen).toEqual([1, 2]);
    studio.current?.break();
    await vi.advanceTimersByTimeAsync(1000);
    await ended;
    expect(seen).toEqual([1, 2, 3, 4]);
    expect(from).toEqual([0, 2]);
  });

  it('ends without a word when it is aborted while waiting for a connection', async () => {
    studio.up = false;
    await connected();
    const stop = new AbortController();
    const ended = follow(
      connection,
      () => Promise.reject(new Error('never asked')),
      () => {},
      stop.signal,
    );
    stop.abort();
    await expect(ended).resolves.toBeUndefined();
  });

  it('passes on what the studio refuses', async () => {
    await connected();
    studio.call = () => Promise.reject(Object.assign(new Error('no such run'), { code: 'NOT_FOUND' }));
    const open = () => connection.call(['watch'], 0, options) as Promise<AsyncIterable<number>>;
    const ended = follow(connection, open, () => {}, new AbortController().signal);
    await expect(ended).rejects.toMatchObject({ code: 'NOT_FOUND', message: 'no such run' });
  });
});
