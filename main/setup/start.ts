// `npm start`, once everything is set up: the application in its own window where Electron can open one, otherwise in
// the browser.
//
//   node main/setup/start.ts [--browser] [--data-dir DIR] [--port P]
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { appFolder, buildPart } from './build.ts';
import {
  fetchElectron,
  findElectron,
  hasScreen,
  type Machine,
  thisMachine,
  whyNoWindow,
} from './electron-program.ts';
import { root } from './source-files.ts';

export interface StartOptions {
  browser: boolean;
  dataDir: string | undefined;
  port: string | undefined;
}

/** Throws with what is wrong with the arguments. A relative folder is taken from where npm was called. */
export function parseStart(
  args: readonly string[],
  from = process.env.INIT_CWD ?? process.cwd(),
): StartOptions {
  const options: StartOptions = { browser: false, dataDir: undefined, port: undefined };
  const rest = [...args];
  while (rest.length > 0) {
    const name = rest.shift();
    if (name === '--browser') {
      options.browser = true;
      continue;
    }
    const value = rest.shift();
    if (value === undefined || (name !== '--data-dir' && name !== '--port'))
      throw new Error(`npm start -- [--browser] [--data-dir DIR] [--port P]; "${name}" is not understood`);
    if (name === '--port') options.port = value;
    else options.dataDir = resolve(from, value);
  }
  return options;
}

/** The address in a line that `serve` prints. */
export function addressIn(line: string): string | undefined {
  return /^http:\/\/127\.0\.0\.1:\d+\/\S*$/.exec(line.trim())?.[0];
}

/** The system's way to open an address; undefined where nobody would see it. */
export function browserCommand(
  machine: Machine,
  isProgram: (name: string) => boolean,
): [program: string, ...args: string[]] | undefined {
  if (!hasScreen(machine)) return undefined;
  if (machine.platform === 'darwin') return ['open'];
  if (machine.platform === 'win32') return ['cmd', '/c', 'start', ''];
  return isProgram('xdg-open') ? ['xdg-open'] : undefined;
}

function isProgram(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)));
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Ends as the child ends; what ends this process is the child's to hear. */
function follow(child: ChildProcess): Promise<number> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // Control-C in a terminal reaches the child by itself.
    process.on(signal, () => {
      if (signal !== 'SIGINT') child.kill(signal);
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve(code ?? (signal === null ? 1 : 128 + constants.signals[signal])),
    );
  });
}

function openWindow(program: string, { dataDir }: StartOptions): Promise<number> {
  const env = { ...process.env, ...(dataDir === undefined ? {} : { ALEXNET_STUDIO_HOME: dataDir }) };
  // With this variable Electron would be a plain Node.
  delete (env as NodeJS.ProcessEnv).ELECTRON_RUN_AS_NODE;
  return follow(spawn(program, [appFolder], { stdio: 'inherit', env }));
}

function serve({ dataDir, port }: StartOptions): Promise<number> {
  const args = [
    ...['main/shells/cli/main.ts', 'serve'],
    ...(dataDir === undefined ? [] : ['--data-dir', dataDir]),
    ...(port === undefined ? [] : ['--port', port]),
  ];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const browser = browserCommand(thisMachine, isProgram);
  let opened = false;
  createInterface({ input: child.stdout }).on('line', (line) => {
    process.stdout.write(`${line}\n`);
    const address = addressIn(line);
    if (address === undefined || opened || browser === undefined) return;
    opened = true;
    const [program, ...first] = browser;
    spawn(program, [...first, address], { stdio: 'ignore', detached: true })
      .on('error', (error) => say(`The browser was not opened: ${error.message}`))
      .unref();
  });
  return follow(child);
}

/** Electron's program, fetched where it is missing; otherwise why there is no window. */
async function windowProgram(browser: boolean): Promise<{ program: string } | { reason: string }> {
  const why = browser ? 'that was asked for' : whyNoWindow(thisMachine);
  if (why !== undefined) return { reason: why };
  if (findElectron() === undefined) {
    say("Fetching Electron's program, once ...");
    const failure = await fetchElectron();
    if (failure !== undefined) return { reason: failure };
  }
  const program = findElectron();
  return program === undefined ? { reason: "Electron's program is not complete" } : { program };
}

async function main(args: readonly string[]): Promise<number> {
  const options = parseStart(args);
  const found = await windowProgram(options.browser);
  if ('program' in found) {
    await buildPart('app', say);
    return await openWindow(found.program, options);
  }
  await buildPart('page', say);
  say(`The application opens in the browser: ${found.reason}.`);
  return await serve(options);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
