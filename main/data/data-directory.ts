// Where everything is kept: studio.sqlite, runs/<id>.sqlite, datasets/<id>/, models/<id>.safetensors.
import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { AppError } from '../api/errors.ts';

export interface Surroundings {
  env: Readonly<Record<string, string | undefined>>;
  platform: string;
  home: string;
}

export interface DataDirectory {
  root: string;
  databaseFile: string;
  runsFolder: string;
  datasetsFolder: string;
  modelsFolder: string;
  /** Features of data sets' images, for retrieval. */
  indexesFolder: string;
}

function userDataFolder({ env, platform, home }: Surroundings): string {
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'AlexNet Studio');
  if (platform === 'win32') return join(env.APPDATA ?? join(home, 'AppData', 'Roaming'), 'AlexNet Studio');
  // The XDG specification: a relative path is to be ignored.
  const xdg = env.XDG_DATA_HOME;
  const base = xdg !== undefined && isAbsolute(xdg) ? xdg : join(home, '.local', 'share');
  return join(base, 'alexnet-studio');
}

/** `--data-dir`, else ALEXNET_STUDIO_HOME, else the system's user-data folder. */
export function chooseDataDirectory(
  given: string | undefined,
  surroundings: Surroundings = { env: process.env, platform: process.platform, home: homedir() },
): string {
  if (given === '') throw new AppError('USAGE', '--data-dir: give a folder');
  if (given !== undefined) return resolve(given);
  const fromEnvironment = surroundings.env.ALEXNET_STUDIO_HOME;
  if (fromEnvironment !== undefined && fromEnvironment !== '') return resolve(fromEnvironment);
  return userDataFolder(surroundings);
}

/** An error of the file system as AppError: DISK_FULL, NOT_FOUND or IO. */
export function fromFileSystem(error: unknown, path: string, doing: string): AppError {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  const options = { cause: error };
  const details = { path, system: code };
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new AppError(
        'DISK_FULL',
        `${path}: the disk is full; free some space and try again`,
        details,
        options,
      );
    case 'ENOENT':
      return new AppError('NOT_FOUND', `${path} does not exist`, details, options);
    case 'EACCES':
    case 'EPERM':
      return new AppError('IO', `${path}: no permission for ${doing}; check whose it is`, details, options);
    case 'EROFS':
      return new AppError(
        'IO',
        `${path}: the file system is read-only; choose another place`,
        details,
        options,
      );
    case 'EISDIR':
      return new AppError('IO', `${path} is a folder, not a file`, details, options);
    case 'ENOTDIR':
    case 'EEXIST':
      return new AppError('IO', `${path}: a file stands where a folder is needed`, details, options);
    default:
      return new AppError('IO', `${path}: ${doing} failed: ${String(error)}`, details, options);
  }
}

/**
 * Creates a folder and what is missing above it. One at a time: the recursive form of Node's own never returns
 * where the system refuses with ENOENT below a folder that exists, as in /proc.
 */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  const parent = dirname(folder);
  if (parent !== folder) makeFolder(parent);
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (existsSync(folder)) return; // another process has made it meanwhile
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new AppError('IO', `${folder}: the system makes no folder there; choose another data directory`, {
      path: folder,
    });
  }
}

/** Creates what is missing, for its owner alone (0700). Throws DISK_FULL or IO with what to do. */
export function openDataDirectory(root: string): DataDirectory {
  const directory: DataDirectory = {
    root,
    databaseFile: join(root, 'studio.sqlite'),
    runsFolder: join(root, 'runs'),
    datasetsFolder: join(root, 'datasets'),
    modelsFolder: join(root, 'models'),
    indexesFolder: join(root, 'indexes'),
  };
  const { runsFolder, datasetsFolder, modelsFolder, indexesFolder } = directory;
  for (const folder of [root, runsFolder, datasetsFolder, modelsFolder, indexesFolder]) {
    try {
      makeFolder(folder);
      if (!statSync(folder).isDirectory()) throw Object.assign(new Error('no folder'), { code: 'ENOTDIR' });
      accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    } catch (error) {
      throw error instanceof AppError ? error : fromFileSystem(error, folder, 'writing');
    }
  }
  return directory;
}

/** Ids become file names: what is not one of ours is refused before it is a path. */
export function checkId(id: string): string {
  if (/^[a-z0-9][a-z0-9-]{0,63}$/.test(id)) return id;
  throw new AppError('NOT_FOUND', `there is nothing with the id ${JSON.stringify(id)}`);
}

export function runFile(directory: DataDirectory, runId: string): string {
  return join(directory.runsFolder, `${checkId(runId)}.sqlite`);
}

export function datasetFolder(directory: DataDirectory, datasetId: string): string {
  return join(directory.datasetsFolder, checkId(datasetId));
}

export function modelFile(directory: DataDirectory, modelId: string): string {
  return join(directory.modelsFolder, `${checkId(modelId)}.safetensors`);
}
