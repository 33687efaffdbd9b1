// The engine host as a utility process. That whole runs work over it is in shell.test.ts.
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { HostExit } from '../../services/engine-process.ts';
import type { UtilityChild, UtilityOptions } from './electron-parts.ts';
import { hostExit, utilityHost } from './utility-host.ts';

class FakeChild extends EventEmitter {
  pid: number | undefined;
  stdout = new PassThrough();
  stderr = new PassThrough();
  sent: unknown[] = [];
  kills = 0;
  postMessage(message: unknown): void {
    this.sent.push(message);
  }
  kill(): boolean {
    this.kills += 1;
    return true;
  }
}

function start() {
  const child = new FakeChild();
  const calls: { file: string; options: UtilityOptions }[] = [];
  const spawn = utilityHost(
    (file, _args, options) => {
      calls.push({ file, options });
      return child as unknown as UtilityChild;
    },
    { entry: '/host-entry.js', env: { A: '1' } },
  );
  return { child, calls, host: spawn() };
}

describe('the end of a host', () => {
  it.each([
    ['a job that is done', 0, { code: 0, signal: null }],
    ['a job that failed', 1, { code: 1, signal: null }],
    ['the memory killer', 9, { code: null, signal: 'SIGKILL' }],
    ['a fault', 11, { code: null, signal: 'SIGSEGV' }],
    ['a fault with a core written', 0x80 | 11, { code: null, signal: 'SIGSEGV' }],
    ['an abort', 0x80 | 6, { code: null, signal: 'SIGABRT' }],
    ['an exit as waitpid says it', 3 << 8, { code: 3, signal: null }],
  ])('is told from %s (%i)', (_what, code, exit) => {
    expect(hostExit(code, 'linux')).toEqual(exit);
  });

  it('is a number alone on Windows', () => {
    expect(hostExit(0xc0000005, 'win32')).toEqual({ code: 0xc0000005, signal: null });
  });

  it('comes after its last words', async () => {
    const { child, host } = start();
    const told: string[] = [];
    host.onErrorOutput((text) => told.push(text));
    const exit = new Promise<HostExit>((resolve) =>
      host.onExit((how) => {
        told.push('exit');
        resolve(how);
      }),
    );
    child.emit('exit', 139);
    child.stderr.write('last words');
    child.stderr.end();
    child.stdout.end();
    expect(await exit).toEqual({ code: null, signal: 'SIGSEGV' });
    expect(told).toEqual(['last words', 'exit']);
  });

  it('is told even where its streams never end', async () => {
    const { child, host } = start();
    const exit = new Promise<HostExit>((resolve) => host.onExit(resolve));
    child.emit('exit', 0);
    expect(await exit).toEqual({ code: 0, signal: null });
  });
});

describe('a host', () => {
  it('is started with its environment, and nothing of the debugger', () => {
    const { calls } = start();
    expect(calls[0]).toMatchObject({
      file: '/host-entry.js',
      options: { env: { A: '1', OMP_WAIT_POLICY: 'passive' }, stdio: 'pipe', execArgv: [] },
    });
  });

  it('hears what is sent until it has ended', () => {
    const { child, host } = start();
    host.onExit(() => {});
    host.send({ type: 'cancel' });
    child.emit('exit', 0);
    host.send({ type: 'cancel' });
    expect(child.sent).toEqual([{ type: 'cancel' }]);
  });

  it('that is killed before it has started ends as soon as it does', () => {
    const { child, host } = start();
    host.kill();
    expect(child.kills).toBe(1);
    child.emit('spawn');
    expect(child.kills).toBe(2);
  });

  it('tells of a fatal error of V8 instead of ending the application', () => {
    const { child, host } = start();
    const told: string[] = [];
    host.onErrorOutput((text) => told.push(text));
    child.emit('error', 'FatalError', 'v8::Allocate', '{}');
    expect(told).toEqual(['FatalError in v8::Allocate\n']);
  });
});
