// The application as people start it: `serve` as a process of its own, on a data directory of the test's.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface TestServerOptions {
  /** The data directory is a disk of its own of this size; see canMount(). */
  diskBytes?: number;
  env?: NodeJS.ProcessEnv;
}

/** A command that sees a disk of its own at `folder`, in memory, and nobody else does. */
function onSmallDisk(folder: string, sizeBytes: number, command: string[]): string[] {
  const mount = `mount -t tmpfs -o size=${sizeBytes} none "$0" && exec "$@"`;
  return ['unshare', '--mount', '--map-root-user', 'sh', '-c', mount, folder, ...command];
}

/** Whether this system lets a user make such a disk. */
export function canMount(): boolean {
  const [program = '', ...args] = onSmallDisk('/mnt', 1e6, ['true']);
  return spawnSync(program, args).status === 0;
}

export class TestServer {
  readonly #options: TestServerOptions;
  #folder: string | undefined;
  #process: ChildProcess | undefined;
  #url = '';
  #port = 0;

  constructor(options: TestServerOptions = {}) {
    this.#options = options;
  }

  /** For all that a test writes; made when it is first asked for. */
  get folder(): string {
    this.#folder ??= mkdtempSync(join(tmpdir(), 'alexnet-studio-e2e-'));
    return this.#folder;
  }

  /** With the token. */
  get url(): string {
    return this.#url;
  }

  get dataDirectory(): string {
    return join(this.folder, 'data');
  }

  /** A command on the same data directory, to its end. Throws with what it said where it failed. */
  cli(...args: string[]): void {
    const all = ['main/shells/cli/main.ts', '--data-dir', this.dataDirectory, '--quiet', ...args];
    const { status, stderr } = spawnSync(process.execPath, all, { cwd: root, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  }

  /** Resolves when it listens; after stop() again on the same port. */
  async start(): Promise<void> {
    const args = ['main/shells/cli/main.ts', 'serve', '--json', '--data-dir', this.dataDirectory];
    const { diskBytes, env = {} } = this.#options;
    const command = [process.execPath, ...args, '--port', String(this.#port)];
    if (diskBytes !== undefined) mkdirSync(this.dataDirectory, { recursive: true });
    const [program = '', ...rest] =
      diskBytes === undefined ? command : onSmallDisk(this.dataDirectory, diskBytes, command);
    const child = spawn(program, rest, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    let complaints = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      complaints += chunk.toString();
    });
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`serve ended with ${code}: ${complaints}`)));
      createInterface({ input: child.stdout }).on('line', (line) => {
        const event = JSON.parse(line) as { event?: string; url: string; port: number };
        if (event.event !== 'serving') return;
        this.#url = event.url;
        this.#port = event.port;
        resolve();
      });
    });
  }

  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGINT');
    const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
    await gone;
    clearTimeout(late);
  }

  /** Ends the engine hosts as the system would that has run out of memory. Returns how many there were. */
  killEngine(): number {
    const children = childrenOf(this.#process?.pid ?? -1);
    for (const pid of children) process.kill(pid, 'SIGKILL');
    return children.length;
  }

  async remove(): Promise<void> {
    await this.stop();
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }
}

function childrenOf(parent: number): number[] {
  if (!existsSync('/proc')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const status = readFileSync(`/proc/${name}/stat`, 'utf8');
        // The name in brackets may hold anything; what follows it is the state and the parent.
        return Number(status.slice(status.lastIndexOf(')') + 2).split(' ')[1]) === parent;
      } catch {
        return false;
      }
    })
    .map(Number);
}
