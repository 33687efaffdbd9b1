// Runs benchmark programs, ours and the peer's, each of which prints its result as a JSON line.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const bench = dirname(fileURLToPath(import.meta.url));
export const root = dirname(dirname(bench));
const built = join(root, 'native/build/release');

/** What a program printed: numbers and texts by name. */
export type Result = Record<string, unknown>;

/** A program to run, or why it cannot be. */
export type Program = { command: readonly [string, ...string[]] } | { missing: string };

/** One of the project's own benchmark programs. */
export function ours(name: string, ...args: string[]): Program {
  const program = join(built, name);
  return existsSync(program)
    ? { command: [program, ...args] }
    : { missing: `${name} is not built; npm run bench builds it` };
}

export class Python {
  readonly #program: string | undefined;

  /** The first python3 that knows torch: the system's own comes before one that a user put into PATH. */
  constructor(candidates: readonly string[] = ['/usr/bin/python3', 'python3']) {
    this.#program = candidates.find((candidate) => imports(candidate, 'torch'));
  }

  /** A script of native/bench, where python3 and the modules it needs are there. */
  script(name: string, modules: readonly string[], ...args: string[]): Program {
    if (this.#program === undefined) return { missing: 'no python3 with torch' };
    const lacking = modules.filter((module) => !imports(this.#program ?? '', module));
    if (lacking.length > 0) return { missing: `python3 lacks ${lacking.join(' and ')}` };
    return { command: [this.#program, join(bench, name), ...args] };
  }

  /** The versions of the peers, by module; none where there is no python3 with torch. */
  versions(): Record<string, string> {
    const found: Record<string, string> = {};
    for (const module of ['torch', 'torchvision', 'PIL', 'numpy']) {
      const code = `import ${module}; print(${module}.__version__)`;
      const { status, stdout } = spawnSync(this.#program ?? '', ['-c', code], { encoding: 'utf8' });
      if (status === 0) found[module] = stdout.trim();
    }
    return found;
  }
}

function imports(python: string, module: string): boolean {
  return spawnSync(python, ['-c', `import ${module}`], { stdio: 'ignore' }).status === 0;
}

/** Runs a program; the result that it printed (the one that `pick` wants, where it prints several), or why not. */
export function run(program: Program, pick: (result: Result) => boolean): Result | { missing: string } {
  if ('missing' in program) return program;
  const [command, ...args] = program.command;
  const { status, signal, stdout, stderr, error } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (error) return { missing: error.message };
  if (status !== 0) {
    const reason = stderr.trim().split('\n').at(-1) ?? '';
    return { missing: reason === '' ? `ended with ${signal ?? `status ${status}`}` : reason };
  }
  const results = stdout.split('\n').filter((line) => line.startsWith('{'));
  const found = results.map((line) => JSON.parse(line) as Result).find(pick);
  return found ?? { missing: 'printed no result' };
}
