import { describe, expect, it } from 'vitest';
import type { HostChild, HostExit } from '../engine/client.ts';
import type { FromHost, Job, ToHost } from '../engine/protocol.ts';
import { OpenHost } from './open-host.ts';

/** A process that does as the test says. */
class Child implements HostChild {
  readonly got: ToHost[] = [];
  #message: (message: FromHost) => void = () => {};
  #exit: (exit: HostExit) => void = () => {};

  send(message: ToHost): void {
    this.got.push(message);
  }
  kill(): void {
    this.leave(null, 'SIGKILL');
  }
  onMessage(listener: (message: FromHost) => void): void {
    this.#message = listener;
  }
  onErrorOutput(): void {}
  onExit(listener: (exit: HostExit) => void): void {
    this.#exit = listener;
  }
  say(message: object): void {
    this.#message(message as FromHost);
  }
  leave(code: number | null, signal: string | null): void {
    this.#exit({ code, signal });
  }
}

function open() {
  const child = new Child();
  let ended = 0;
  const host = new OpenHost<string>(
    () => child,
    { kind: 'inspect' } as Job,
    ({ answer, fail }) => ({
      inspected: (message) => answer(message.id, String(message.answer)),
      inspectFailed: ({ id, error }) => fail(id, new Error(error.message)),
    }),
    () => {
      ended++;
    },
  );
  const ask = (signal?: AbortSignal) =>
    host.ask((engine, id) => engine.inspect(id, { kind: 'look', photo: { path: '/p' }, top: 1 }), signal);
  return { child, host, ask, ended: () => ended };
}

describe('a host that is kept open', () => {
  it('gives each question its own answer, in whatever order they come', async () => {
    const { child, host, ask } = open();
    const answers = [ask(), ask(), ask()];
    expect(host.busy).toBe(true);
    child.say({ type: 'inspected', id: 2, answer: 'third' });
    child.say({ type: 'inspectFailed', id: 0, error: { code: 'NOT_FOUND', message: 'no such photo' } });
    child.say({ type: 'inspected', id: 1, answer: 'second' });
    child.say({ type: 'inspected', id: 1, answer: 'again' });
    const [first, ...others] = await Promise.allSettled(answers);
    expect(first).toMatchObject({ status: 'rejected', reason: { message: 'no such photo' } });
    expect(others).toMatchObject([{ value: 'second' }, { value: 'third' }]);
    expect(host.busy).toBe(false);
  });

  it('tells the engine what is not wanted any more, and nothing of what was answered', async () => {
    const { child, ask } = open();
    const stop = new AbortController();
    const [asked, answered] = [ask(stop.signal), ask(stop.signal)];
    child.say({ type: 'inspected', id: 1, answer: 'done' });
    expect(await answered).toBe('done');
    stop.abort();
    expect(child.got.filter(({ type }) => type === 'forget')).toEqual([{ type: 'forget', id: 0 }]);
    child.say({ type: 'inspectFailed', id: 0, error: { code: 'CANCELLED', message: 'not wanted' } });
    await expect(asked).rejects.toThrow('not wanted');
    const before = child.got.length;
    await expect(ask(stop.signal)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(child.got).toHaveLength(before);
  });

  it('fails every question when its process ends', async () => {
    const { child, host, ask, ended } = open();
    const answers = Promise.allSettled([ask(), ask()]);
    child.leave(1, null);
    for (const one of await answers) expect(one).toMatchObject({ reason: { code: 'ENGINE_DIED' } });
    expect([host.busy, ended()]).toEqual([false, 1]);
    const other = open();
    const asked = other.ask();
    const [gone] = await Promise.allSettled([asked, other.host.close()]);
    expect(gone).toMatchObject({ reason: { code: 'CANCELLED' } });
    expect(other.ended()).toBe(1);
  });
});
