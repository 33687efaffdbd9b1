import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  chooseDataDirectory,
  datasetFolder,
  fromFileSystem,
  modelFile,
  openDataDirectory,
  runFile,
} from './data-directory.ts';
import { newId } from './ids.ts';
import { refusal } from './test-errors.ts';
import { smallDisk, temporaryFolder } from './test-files.ts';

describe('chooseDataDirectory', () => {
  const linux = { env: {}, platform: 'linux', home: '/home/me' };

  it('prefers what is given, then ALEXNET_STUDIO_HOME, then the system', () => {
    const env = { ALEXNET_STUDIO_HOME: '/big/studio' };
    expect(chooseDataDirectory('here', { ...linux, env })).toBe(resolve('here'));
    expect(chooseDataDirectory(undefined, { ...linux, env })).toBe('/big/studio');
    expect(chooseDataDirectory(undefined, { ...linux, env: { ALEXNET_STUDIO_HOME: '' } })).toBe(
      '/home/me/.local/share/alexnet-studio',
    );
    expect(refusal(() => chooseDataDirectory('', linux)).code).toBe('USAGE');
  });

  it('knows each system', () => {
    const choose = (platform: string, env: Record<string, string>) =>
      chooseDataDirectory(undefined, { env, platform, home: '/home/me' });
    expect(choose('linux', { XDG_DATA_HOME: '/data' })).toBe('/data/alexnet-studio');
    expect(choose('linux', { XDG_DATA_HOME: 'relative' })).toBe('/home/me/.local/share/alexnet-studio');
    expect(choose('darwin', {})).toBe('/home/me/Library/Application Support/AlexNet Studio');
    expect(choose('win32', { APPDATA: '/roaming' })).toBe('/roaming/AlexNet Studio');
  });
});

describe('openDataDirectory', () => {
  it('makes its folders for their owner alone', () => {
    const root = join(temporaryFolder(), 'deep', 'studio');
    const directory = openDataDirectory(root);
    for (const folder of [root, directory.runsFolder, directory.datasetsFolder, directory.modelsFolder]) {
      expect(statSync(folder).mode & 0o777).toBe(0o700);
    }
    expect(openDataDirectory(root)).toEqual(directory);
  });

  it('says what stands in the way', () => {
    const root = temporaryFolder();
    writeFileSync(join(root, 'runs'), '');
    const error = refusal(() => openDataDirectory(root));
    expect(error.code).toBe('IO');
    expect(error.message).toContain('a file stands where a folder is needed');
    expect(refusal(() => openDataDirectory(join(root, 'runs', 'below'))).code).toBe('IO');
  });

  it('refuses a place where the system makes no folders', ({ skip }) => {
    if (process.platform !== 'linux') return skip('there is no /proc');
    expect(refusal(() => openDataDirectory('/proc/alexnet-studio')).code).toBe('IO');
  });

  it('says that it may not write', ({ skip }) => {
    if (process.getuid?.() === 0) return skip('root may write everywhere');
    const root = join(temporaryFolder(), 'locked');
    mkdirSync(root);
    chmodSync(root, 0o500);
    expect(refusal(() => openDataDirectory(root)).message).toContain('no permission');
    chmodSync(root, 0o700);
  });

  it('says that the disk is full', ({ skip }) => {
    const disk = smallDisk(4096 * 3);
    if (disk === undefined) return skip('mounting a small disk needs more rights than this process has');
    for (let i = 0; i < 3; i++) {
      try {
        writeFileSync(join(disk, `ballast ${i}`), Buffer.alloc(4096));
      } catch (error) {
        expect(fromFileSystem(error, disk, 'writing').code).toBe('DISK_FULL');
        return;
      }
    }
    const error = refusal(() => {
      try {
        writeFileSync(join(disk, 'more'), Buffer.alloc(4096));
      } catch (cause) {
        throw fromFileSystem(cause, disk, 'writing');
      }
    });
    expect(error.code).toBe('DISK_FULL');
  });
});

describe('ids', () => {
  const directory = openDataDirectoryNames();

  it('become file names', () => {
    expect(runFile(directory, 'r1')).toBe(join('/studio', 'runs', 'r1.sqlite'));
    expect(datasetFolder(directory, 'd1')).toBe(join('/studio', 'datasets', 'd1'));
    expect(modelFile(directory, 'm1')).toBe(join('/studio', 'models', 'm1.safetensors'));
  });

  it.each(['', '..', '../x', 'a/b', '/etc/passwd', 'A', '-a', 'a b', 'a\0b', 'x'.repeat(65)])(
    'never leave their folder: %j',
    (id) => {
      for (const place of [runFile, datasetFolder, modelFile]) {
        expect(refusal(() => place(directory, id)).code).toBe('NOT_FOUND');
      }
    },
  );

  it('are short, usable as file names, never a number, and differ', () => {
    const ids = Array.from({ length: 2000 }, newId);
    expect(new Set(ids).size).toBe(2000);
    for (const id of ids) {
      expect(id).toMatch(/^[b-z][2-9b-z]{9}$/);
      expect(runFile(directory, id)).toContain(id);
    }
  });
});

function openDataDirectoryNames() {
  return {
    root: '/studio',
    databaseFile: '/studio/studio.sqlite',
    runsFolder: '/studio/runs',
    datasetsFolder: '/studio/datasets',
    modelsFolder: '/studio/models',
    indexesFolder: '/studio/indexes',
  };
}
