// Scripts of native/tests/torch in tests: other programs that the engine and the files it writes are compared with.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
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

/** A script of native/tests/torch that answers line by line, so that PyTorch is loaded once. */
export class PythonConversation {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #lines: Interface;
  #complaints = '';

  constructor(python: string, script: string) {
    const child = spawn(python, [join(checkout, 'native/tests/torch', script)], { env: pythonEnvironment });
    child.stderr.on('data', (chunk: Buffer) => {
      this.#complaints += chunk.toString();
    });
    // Where it has ended, asking says why.
    child.stdin.on('error', () => {});
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout });
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  /** One question at a time. Rejects with what it printed where it has ended. */
  async ask(...command: unknown[]): Promise<unknown> {
    this.#child.stdin?.write(`${JSON.stringify(command)}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`python ended: ${this.#complaints}`);
    return JSON.parse(value);
  }

  close(): void {
    this.#lines.close();
    this.#child.kill();
  }
}
