// Electron's own program: whether a window can be opened here, where the program lies, and how it is fetched. The npm
// package brings everything but the program, which is downloaded at its first use.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execute } from './execute.ts';
import { root } from './source-files.ts';

export interface Machine {
  platform: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Undefined where there are no such numbers. */
  userId: number | undefined;
}

export const thisMachine: Machine = {
  platform: process.platform,
  env: process.env,
  userId: process.getuid?.(),
};

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}

/** Whether there is a screen to show anything on. */
export function hasScreen({ platform, env }: Machine): boolean {
  return platform !== 'linux' || isSet(env.DISPLAY) || isSet(env.WAYLAND_DISPLAY);
}

/** Why no window can be opened, in words; undefined: nothing is in the way. */
export function whyNoWindow(machine: Machine): string | undefined {
  if (!hasScreen(machine)) return 'there is no screen (neither DISPLAY nor WAYLAND_DISPLAY is set)';
  if (machine.platform === 'linux' && machine.userId === 0)
    return 'Electron keeps its sandbox only for ordinary users, and this is root';
  return undefined;
}

/** Electron's program, where it is there; its version is the package's. */
export function findElectron(folder = join(root, 'node_modules', 'electron')): string | undefined {
  try {
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
    const dist = join(folder, 'dist');
    if (readFileSync(join(dist, 'version'), 'utf8').trim().replace(/^v/, '') !== version) return undefined;
    const program = join(dist, readFileSync(join(folder, 'path.txt'), 'utf8').trim());
    return existsSync(program) ? program : undefined;
  } catch {
    return undefined;
  }
}

/** Downloads the program (100 MB and more). Returns why that was not possible, or undefined. */
export async function fetchElectron(): Promise<string | undefined> {
  const { ok, output } = await execute('node', ['node_modules/electron/install.js']);
  if (ok && findElectron() !== undefined) return undefined;
  const said = output.split('\n').find((line) => line.trim() !== '') ?? 'it said nothing';
  return `Electron's program is not here and cannot be downloaded (${said.trim()})`;
}
