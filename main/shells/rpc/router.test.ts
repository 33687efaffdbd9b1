import { createRouterClient, ORPCError } from '@orpc/server';
import { beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { AppError } from '../../api/errors.ts';
import { type Client, call, type Handlers, nothing, stream } from '../../api/operation.ts';
import { fromWire } from '../../api/wire-error.ts';
import { createRouter } from './router.ts';

const table = {
  numbers: {
    double: call({ input: z.object({ of: z.int().default(21) }), output: z.number() }),
    count: stream({ input: z.object({ to: z.int() }), output: z.number() }),
  },
  fail: call({ input: z.enum(['ours', 'engine', 'bug', 'abort']), output: nothing }),
  failLate: stream({ input: nothing, output: z.number() }),
  forever: stream({ input: nothing, output: z.number() }),
};

let logged: string[];
let left: string[];
let client: Client<typeof table>;

const handlers: Handlers<typeof table> = {
  numbers: {
    double: ({ of }) => 2 * of,
    async *count({ to }) {
      for (let i = 1; i <= to; i++) yield await Promise.resolve(i);
    },
  },
  fail(how, signal) {
    if (how === 'ours') throw new AppError('NAME_TAKEN', 'taken', { name: 'x' });
    if (how === 'engine') throw Object.assign(new Error('no memory'), { code: 'OUT_OF_MEMORY' });
    if (how === 'abort') signal.throwIfAborted();
    throw new TypeError('secret: /home/someone/file');
  },
  async *failLate() {
    yield await Promise.resolve(1);
    throw new TypeError('secret: SELECT');
  },
  forever: (_, signal) => ({
    [Symbol.asyncIterator]: () => ({
      next: () =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            left.push('left');
            resolve({ done: true, value: undefined });
          });
        }),
    }),
  }),
};

beforeEach(() => {
  logged = [];
  left = [];
  const made: unknown = createRouterClient(
    createRouter(table, handlers, { log: (line) => logged.push(line) }),
  );
  client = made as Client<typeof table>;
});

async function refusal(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    expect(error).toBeInstanceOf(ORPCError);
    return fromWire(error);
  }
  throw new Error('nothing was refused');
}

describe('the router', () => {
  it('answers calls with parsed inputs', async () => {
    expect(await client.numbers.double({ of: 4 })).toBe(8);
    expect(await client.numbers.double({})).toBe(42);
  });

  it('names the field of an input that is refused', async () => {
    const wrong = client.numbers.double({ of: 0.5 });
    expect(await refusal(wrong)).toMatchObject({ code: 'INVALID_ARGUMENT', details: { field: 'of' } });
    expect(logged).toEqual([]);
  });

  it('streams', async () => {
    const seen: number[] = [];
    for await (const number of await client.numbers.count({ to: 3 })) seen.push(number);
    expect(seen).toEqual([1, 2, 3]);
  });

  it('lets errors of the application and the engine through with code and details', async () => {
    expect(await refusal(client.fail('ours'))).toMatchObject({
      code: 'NAME_TAKEN',
      message: 'taken',
      details: { name: 'x' },
    });
    expect(await refusal(client.fail('engine'))).toMatchObject({
      code: 'OUT_OF_MEMORY',
      message: 'no memory',
    });
  });

  it('hides what was not foreseen and logs it, of calls and of streams', async () => {
    const hidden = await refusal(client.fail('bug'));
    expect(hidden).toMatchObject({ code: 'INTERNAL', message: expect.stringContaining('studio.log') });
    expect(JSON.stringify(hidden)).not.toContain('secret');
    expect(logged[0]).toMatch(/^fail: TypeError: secret: \/home\/someone\/file\n\s+at/);

    const late = await client.failLate();
    expect((await late.next()).value).toBe(1);
    expect(await refusal(late.next())).toMatchObject({ code: 'INTERNAL' });
    expect(logged[1]).toMatch(/^failLate: TypeError: secret: SELECT/);
  });

  it('tells a stream that its reader has left, also while it waits', async () => {
    const waiting = await client.forever();
    const next = waiting.next();
    await new Promise((resolve) => setImmediate(resolve));
    await waiting.return?.();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(left).toEqual(['left']);
  });

  it('tells a call that its caller gave up', async () => {
    const given = client.fail('abort', { signal: AbortSignal.abort() });
    expect(await refusal(given)).toMatchObject({ code: 'CANCELLED' });
    expect(logged).toEqual([]);
  });

  it('is not made where an operation has no handler', () => {
    const { fail: _fail, ...others } = handlers;
    expect(() => createRouter(table, others, { log: () => {} })).toThrow('nobody answers fail');
  });
});
