import type { ClientContext, ClientLink } from '@orpc/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createApp, effectScope, nextTick, ref } from 'vue';
import { OfflineError } from '../logic/errors.ts';
import { Changes, changesKey } from './changes.ts';
import { studioKey } from './client.ts';
import { Connection } from './connection.ts';
import { useLoad } from './use-load.ts';
import { usePages } from './use-pages.ts';

const link: ClientLink<ClientContext> = { call: () => Promise.resolve(undefined) };
const changes = new Changes();
let up: boolean;
let breakLink: () => void;
let connection: Connection;
let scope: ReturnType<typeof effectScope>;

/** Runs as the setup of a component does. */
function setup<T>(use: () => T): T {
  const app = createApp({});
  // The client is not called here: what is loaded is given.
  app.provide(studioKey, { connection, client: {} as never });
  app.provide(changesKey, changes);
  scope = effectScope();
  return app.runWithContext(() => scope.run(use)) as T;
}

beforeEach(async () => {
  vi.useFakeTimers();
  up = true;
  connection = new Connection(() => {
    if (!up) return Promise.reject(new Error('refused'));
    const closed = new Promise<void>((resolve) => {
      breakLink = resolve;
    });
    return Promise.resolve({ link, closed, close: () => breakLink() });
  });
  await vi.advanceTimersByTimeAsync(0);
});
afterEach(() => {
  scope.stop();
  connection.close();
  vi.useRealTimers();
});

describe('useLoad', () => {
  it('reads at once, and again, once, after a burst of changes that concern it', async () => {
    let count = 0;
    const { data, loading } = setup(() =>
      useLoad(() => Promise.resolve(++count), { topics: ['runs'], id: () => 'a' }),
    );
    expect(loading.value).toBe(true);
    await vi.advanceTimersByTimeAsync(0);
    expect(data.value).toBe(1);
    changes.tell({ topic: 'models', id: null });
    changes.tell({ topic: 'runs', id: 'b' });
    await vi.advanceTimersByTimeAsync(1000);
    expect(data.value).toBe(1);
    for (let i = 0; i < 20; i++) changes.tell({ topic: 'runs', id: 'a' });
    await vi.advanceTimersByTimeAsync(1000);
    expect(data.value).toBe(2);
  });

  it('shows what takes long to read while it keeps changing, and at last what is there at the end', async () => {
    let now = 0;
    const { data } = setup(() =>
      useLoad(
        async () => {
          const read = now;
          await new Promise((resolve) => setTimeout(resolve, 600));
          return read;
        },
        { topics: ['runs'] },
      ),
    );
    const seen = new Set<number>();
    for (let i = 0; i < 50; i++) {
      now++;
      changes.tell({ topic: 'runs', id: null });
      await vi.advanceTimersByTimeAsync(100);
      if (data.value !== undefined) seen.add(data.value);
    }
    expect(seen.size).toBeGreaterThan(3);
    await vi.advanceTimersByTimeAsync(2000);
    expect(data.value).toBe(50);
  });

  it('shows the answer for the newest question, whichever comes first', async () => {
    const asked = ref('old');
    const answers: Record<string, (value: string) => void> = {};
    const { data } = setup(() =>
      useLoad(() => new Promise<string>((resolve) => (answers[asked.value] = resolve)), { sources: [asked] }),
    );
    asked.value = 'new';
    await nextTick();
    answers.new?.('for new');
    await vi.advanceTimersByTimeAsync(0);
    answers.old?.('for old');
    await vi.advanceTimersByTimeAsync(0);
    expect(data.value).toBe('for new');
  });

  it('keeps what it has while the connection is gone, and says so where it has nothing', async () => {
    const some = setup(() => useLoad(() => Promise.resolve('there')));
    await vi.advanceTimersByTimeAsync(0);
    const first = scope;
    const none = setup(() =>
      useLoad<string>(() => (up ? Promise.resolve('later') : Promise.reject(new OfflineError()))),
    );
    up = false;
    breakLink();
    await vi.advanceTimersByTimeAsync(0);
    expect(some.data.value).toBe('there');
    expect(some.error.value).toBeUndefined();
    none.data.value = undefined;
    await none.reload();
    expect(none.error.value).toBeInstanceOf(OfflineError);
    up = true;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(none.data.value).toBe('later');
    expect(none.error.value).toBeUndefined();
    first.stop();
  });
});

describe('usePages', () => {
  it('reads the pages in view, each once, and those in view again when they changed', async () => {
    const read: number[] = [];
    const pages = setup(() =>
      usePages(
        (offset, limit) => {
          read.push(offset);
          const rows = Array.from({ length: limit }, (_, i) => `row ${offset + i}`);
          return Promise.resolve({ total: 1_000_000, rows });
        },
        { pageSize: 10, topics: ['runs'] },
      ),
    );
    await vi.advanceTimersByTimeAsync(0);
    expect(pages.total.value).toBe(1_000_000);
    expect(pages.rowAt(500_000)).toBeUndefined();
    pages.want(500_000, 500_012);
    pages.want(500_002, 500_014);
    await vi.advanceTimersByTimeAsync(0);
    expect(pages.rowAt(500_011)).toBe('row 500011');
    expect(read).toEqual([0, 500_000, 500_010]);
    changes.tell({ topic: 'runs', id: null });
    await vi.advanceTimersByTimeAsync(1000);
    expect(read.slice(3)).toEqual([500_000, 500_010]);
    expect(pages.rowAt(3)).toBeUndefined();
  });

  it('tries a page again that failed', async () => {
    let fails = true;
    const pages = setup(() =>
      usePages<string>(() =>
        fails ? Promise.reject(new Error('no')) : Promise.resolve({ total: 1, rows: ['a'] }),
      ),
    );
    await vi.advanceTimersByTimeAsync(0);
    expect(pages.error.value).toBeInstanceOf(Error);
    fails = false;
    await pages.reload();
    expect([pages.error.value, pages.rowAt(0)]).toEqual([undefined, 'a']);
  });
});
