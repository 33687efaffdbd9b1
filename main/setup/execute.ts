// Runs a program of node_modules/.bin or PATH in the checkout.
import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { root } from './source-files.ts';

export interface Execution {
  ok: boolean;
  /** Both streams, as they came. */
  output: string;
}

/** `show`: its output goes straight to ours, and is not kept. */
export function execute(
  program: string,
  args: string[],
  { show = false, env = process.env }: { show?: boolean; env?: NodeJS.ProcessEnv } = {},
): Promise<Execution> {
  return new Promise((resolve) => {
    const stdio = ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'] as const;
    const path = [join(root, 'node_modules', '.bin'), env.PATH ?? ''].join(delimiter);
    const child = spawn(program, args, { cwd: root, env: { ...env, PATH: path }, stdio: [...stdio] });
    let output = '';
    const take = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    child.on('error', (error) => resolve({ ok: false, output: `${output}${program}: ${error.message}\n` }));
    child.on('close', (code) => resolve({ ok: code === 0, output }));
  });
}
