import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { isAlive, ownerOf } from './owner.ts';
import { ended } from './test-files.ts';

const onLinux = process.platform === 'linux';

describe('isAlive', () => {
  it('knows this process', () => {
    const owner = ownerOf();
    expect(owner.pid).toBe(process.pid);
    if (onLinux) expect(owner.started).toMatch(/^[0-9a-f-]{36}:\d+$/);
    expect(isAlive(owner)).toBe(true);
  });

  it('knows another process until it has ended', async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    await once(child, 'spawn');
    const owner = ownerOf(child.pid);
    expect(isAlive(owner)).toBe(true);
    child.kill('SIGKILL');
    await ended(child);
    expect(isAlive(owner)).toBe(false);
  });

  it('takes a pid that was given out again for another process', ({ skip }) => {
    if (!onLinux) return skip('the start of a process is only known on Linux');
    const owner = ownerOf();
    expect(isAlive({ ...owner, started: `${owner.started}0` })).toBe(false);
    expect(isAlive({ ...owner, started: null })).toBe(true);
  });

  it('counts a process that nobody has waited for as ended', async ({ skip }) => {
    if (!onLinux) return skip('only Linux shows such processes');
    // The shell's child ends at once; the shell becomes `sleep`, which never waits for it.
    const shell = spawn('sh', ['-c', 'true & echo $!; exec sleep 30'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [line] = (await once(shell.stdout, 'data')) as [Buffer];
    const owner = ownerOf(Number(line.toString()));
    await expect.poll(() => isAlive(owner)).toBe(false);
    shell.kill('SIGKILL');
    await ended(shell);
  });

  it('knows that a process which does not exist is not alive', () => {
    // Linux gives out pids up to 2^22.
    expect(isAlive({ pid: 2 ** 22 + 1, started: null })).toBe(false);
  });
});
