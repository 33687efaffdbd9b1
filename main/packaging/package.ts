// Makes the application as it is installed, from what is built:
//
//   node main/packaging/package.ts [--folder] [--installers] [--fast] [--output DIR]
//
//   --folder       the unpacked application alone
//   --installers   what builder-config.ts has for this system as well: AppImage, Windows' installer, macOS' image;
//                  electron-builder downloads what makes them
//   --fast         packs a .deb quickly instead of small
//
// For the system that it runs on: the engine is compiled there. Without Electron's program, which is fetched where
// that is possible, a stand-in is packaged in its place: see stand-in.ts.
import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Arch, build, type Configuration, Platform } from 'electron-builder';
import { buildPart } from '../setup/build.ts';
import { fetchElectron, findElectron } from '../setup/electron-program.ts';
import { root } from '../setup/source-files.ts';
import { builderConfig } from './builder-config.ts';
import { makeDeb } from './deb.ts';
import { collectNative } from './native-files.ts';
import { stageApp } from './stage.ts';
import { makeStandIn } from './stand-in.ts';

export interface PackageRequest {
  /** Packages go here; the unpacked application to linux-unpacked in it. */
  output: string;
  /** The unpacked application alone. */
  folderOnly: boolean;
  installers: boolean;
  fast: boolean;
  /** A stand-in without asking for the real one. */
  standIn: boolean;
  say: (line: string) => void;
}

export interface Package {
  /** The unpacked application. */
  folder: string;
  deb: string | undefined;
  standIn: boolean;
}

/** The name that electron-builder gives the unpacked application's folder. */
const folders: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'linux-unpacked',
  win32: 'win-unpacked',
  darwin: process.arch === 'arm64' ? 'mac-arm64' : 'mac',
};

const loud = [
  '',
  "*** Electron's program is not here: a STAND-IN is packaged in its place. Everything else is as it will be, the",
  '*** command line and "serve" work, but this package opens no window. Do not give it to anybody.',
  '',
].join('\n');

function versionIn(folder: string): string {
  const text = readFileSync(join(folder, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

const electronVersion = () => versionIn(join(root, 'node_modules', 'electron'));

/** Electron's own folder, or a stand-in's in `output`. */
async function electronFolder(output: string, standIn: boolean, say: (line: string) => void) {
  if (!standIn && findElectron() === undefined) {
    const failure = await fetchElectron();
    if (failure !== undefined) say(`${failure}.`);
  }
  const program = standIn ? undefined : findElectron();
  if (program !== undefined)
    return { folder: join(root, 'node_modules', 'electron', 'dist'), standIn: false };
  say(loud);
  const folder = join(output, 'electron-stand-in');
  makeStandIn(folder, electronVersion());
  return { folder, standIn: true };
}

/** The names of this system's targets. */
function installersHere({ linux, win, mac }: Configuration): string[] {
  const all: Partial<Record<NodeJS.Platform, unknown>> = {
    linux: linux?.target,
    win32: win?.target,
    darwin: mac?.target,
  };
  const targets = all[process.platform];
  return Array.isArray(targets) ? targets.map(String) : [];
}

export async function makePackage(request: PackageRequest): Promise<Package> {
  const { output, folderOnly, installers, fast, say } = request;
  await buildPart('app', say);
  mkdirSync(output, { recursive: true });
  const electron = await electronFolder(output, request.standIn, say);
  const nativeFolder = join(output, 'native');
  const { libraries, cuda } = collectNative(join(root, 'native', 'build', 'release'), nativeFolder);
  say(`Engine: ${libraries.length} libraries beside it, ${cuda ? 'with' : 'without'} the CUDA plug-in`);
  const appFolder = join(output, 'app');
  stageApp(appFolder);
  const config = builderConfig({
    output,
    appFolder,
    electronFolder: electron.folder,
    electronVersion: electronVersion(),
    nativeFolder,
    standIn: electron.standIn,
  });
  const arch = process.arch === 'arm64' ? Arch.arm64 : Arch.x64;
  const targets = Platform.current().createTarget(
    installers ? ['dir', ...installersHere(config)] : 'dir',
    arch,
  );
  await build({ projectDir: root, config, targets });
  const folder = join(output, folders[process.platform] ?? '');
  if (folderOnly || process.platform !== 'linux')
    return { folder, deb: undefined, standIn: electron.standIn };
  const deb = await makeDeb({ folder, output, version: versionIn(root), fast });
  return { folder, deb, standIn: electron.standIn };
}

function parse(args: readonly string[]): Omit<PackageRequest, 'say'> {
  const request: Omit<PackageRequest, 'say'> = {
    output: join(root, 'dist', 'package'),
    folderOnly: false,
    installers: false,
    fast: false,
    standIn: false,
  };
  const rest = [...args];
  while (rest.length > 0) {
    const word = rest.shift() ?? '';
    if (word === '--folder') request.folderOnly = true;
    else if (word === '--installers') request.installers = true;
    else if (word === '--fast') request.fast = true;
    else if (word === '--output') request.output = resolve(process.env.INIT_CWD ?? '.', rest.shift() ?? '');
    else
      throw new Error(`npm run package -- [--folder] [--installers] [--fast] [--output DIR]; not "${word}"`);
  }
  return request;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const say = (line: string) => process.stderr.write(`${line}\n`);
  try {
    const { folder, deb, standIn } = await makePackage({ ...parse(process.argv.slice(2)), say });
    say(`The unpacked application: ${folder}`);
    if (deb !== undefined) say(`The package: ${deb}`);
    if (standIn) say(loud);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
