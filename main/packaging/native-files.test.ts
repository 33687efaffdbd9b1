import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { builderConfig } from './builder-config.ts';
import { librariesToBundle } from './native-files.ts';
import { closure, isNeeded } from './stage.ts';

const printed = `
	linux-vdso.so.1 (0x00007f855aead000)
	libdnnl.so.2 => /lib/x86_64-linux-gnu/libdnnl.so.2 (0x00007f8558600000)
	libstdc++.so.6 => /lib/x86_64-linux-gnu/libstdc++.so.6 (0x00007f8558200000)
	libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f8557f1e000)
	/lib64/ld-linux-x86-64.so.2 (0x00007f855ae00000)
`;

describe('libraries', () => {
  it('come along but for those that every system has', () => {
    expect([...librariesToBundle(printed)]).toEqual([['libdnnl.so.2', '/lib/x86_64-linux-gnu/libdnnl.so.2']]);
  });

  it('that are missing are named', () => {
    expect(() => librariesToBundle('\tlibtiff.so.6 => not found\n')).toThrow('libtiff.so.6 is missing');
  });
});

describe('packages', () => {
  it('come with what they need, their own versions first, optional ones where they are', () => {
    const top = mkdtempSync(join(tmpdir(), 'alexnet-closure-'));
    onTestFinished(() => rmSync(top, { recursive: true, force: true }));
    const add = (path: string, manifest: object) => {
      mkdirSync(join(top, path), { recursive: true });
      writeFileSync(join(top, path, 'package.json'), JSON.stringify(manifest));
    };
    add('node_modules/a', { dependencies: { b: '1' }, optionalDependencies: { gone: '1' } });
    add('node_modules/b', { dependencies: { a: '1' } });
    add('node_modules/a/node_modules/b', {});
    add('node_modules/c', {});
    expect([...closure(['a'], top)].sort()).toEqual(
      ['node_modules/a', 'node_modules/a/node_modules/b'].map((path) => join(top, path)),
    );
    expect(() => closure(['nothing'], top)).toThrow('nothing is missing');
  });

  it.each([
    ['node_modules/better-sqlite3/prebuilds/linux-x64.node', true],
    ['node_modules/better-sqlite3/prebuilds', true],
    ['node_modules/better-sqlite3/prebuilds/linux-arm64.node', false],
    ['node_modules/better-sqlite3/prebuilds/win32-x64.node', false],
    ['node_modules/better-sqlite3/deps/sqlite3.c', false],
    ['node_modules/better-sqlite3/lib/index.js', true],
    ['node_modules/zod/index.d.cts', false],
    ['node_modules/zod/src/index.js', true],
  ])('need %s on linux-x64: %s', (path, needed) => {
    expect(isNeeded(path, 'linux-x64')).toBe(needed);
  });
});

describe('the configuration', () => {
  const options = {
    output: '/o',
    appFolder: '/a',
    electronFolder: '/e',
    electronVersion: '45.4.1',
    nativeFolder: '/n',
  };

  it('closes what a release does not need, in the real program', () => {
    expect(builderConfig({ ...options, standIn: false }).electronFuses).toMatchObject({
      runAsNode: false,
      enableNodeOptionsEnvironmentVariable: false,
      enableNodeCliInspectArguments: false,
      grantFileProtocolExtraPrivileges: false,
    });
    expect(builderConfig({ ...options, standIn: true }).electronFuses).toBeUndefined();
  });

  it('knows Linux, Windows and macOS, and compiles nothing', () => {
    const config = builderConfig({ ...options, standIn: true });
    expect([config.linux?.target, config.win?.target, config.mac?.target]).toEqual([
      ['AppImage'],
      ['nsis'],
      ['dmg'],
    ]);
    expect(config.npmRebuild).toBe(false);
  });
});
