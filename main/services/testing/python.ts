// Scripts of native/tests/torch in tests: other programs that the engine and the files it writes are compared with.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const checkout = fileURLToPath(new URL('../../../', import.meta.url));
const most = 1 << 28;

/** Threads that wait for each other asleep: spinning takes the processor from whoever else is at work here. */
export const pythonEnvironment = { ...process.env, OMP_WAIT_POLICY: 'passive' };

/** A python3 that has these modules. */
export function findPython(modules: string): string | undefined {
  return ['/usr/bin/python3', 'python3'].find((python) => {
    try {
      execFileSync(python, ['-c', `import ${modules}`], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
}

/** What a script of native/tests/torch prints: JSON. */
export function runPython(python: string, script: string, ...args: string[]): unknown {
  const place = join(checkout, 'native/tests/torch', script);
  const env = pythonEnvironment;
  return JSON.parse(execFileSync(python, [place, ...args], { env, encoding: 'utf8', maxBuffer: most }));
}
