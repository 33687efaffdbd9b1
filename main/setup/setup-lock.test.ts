import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { isStale, takeLock } from './setup-lock.mjs';

let folder = '';
let file = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'alexnet-lock-'));
  file = join(folder, 'build', 'setup.lock');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const module = JSON.stringify(new URL('./setup-lock.mjs', import.meta.url).href);

/** A process that takes the lock, says so and holds it until it is killed. */
async function holder() {
  const code = `import { takeLock } from ${module};
    await takeLock(${JSON.stringify(file)}, () => {}); console.log('held'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code]);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const end = (signal: NodeJS.Signals) =>
    new Promise((resolve) => {
      child.once('exit', resolve);
      child.kill(signal);
    });
  return { pid: child.pid, end };
}

it('is one process at a time: the second waits until the first lets go', async () => {
  const order: string[] = [];
  const release = await takeLock(file, () => order.push('first waited'));
  const second = takeLock(file, (pid) => order.push(`waiting for ${pid === String(process.pid)}`));
  await new Promise((resolve) => setTimeout(resolve, 400));
  order.push('release');
  release();
  (await second)();
  expect(order).toEqual(['waiting for true', 'release']);
  expect(existsSync(file)).toBe(false);
});

it('outlives nobody: the lock of a killed process is taken over', async () => {
  const { pid, end } = await holder();
  const text = readFileSync(file, 'utf8');
  expect(text).toMatch(new RegExp(`^${pid} `));
  expect(isStale(text)).toBe(false);
  await end('SIGKILL');
  expect(existsSync(file)).toBe(true);
  let waited = false;
  const release = await takeLock(file, () => {
    waited = true;
  });
  expect(waited).toBe(false);
  release();
});

it('knows a process id that was given out again, and leaves other machines alone', () => {
  expect(isStale(`${process.pid} 1 ${hostname()}`)).toBe(true);
  expect(isStale('1 1 another-machine')).toBe(false);
  expect(isStale('')).toBe(true);
});

it('takes a damaged lock over', async () => {
  (await takeLock(file, () => {}))();
  writeFileSync(file, 'garbage');
  const release = await takeLock(file, () => {});
  expect(readFileSync(file, 'utf8')).toContain(String(process.pid));
  release();
});
