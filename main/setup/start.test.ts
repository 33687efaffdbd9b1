import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appPackage, runtimePackages } from './build.ts';
import { findElectron, hasScreen, type Machine, whyNoWindow } from './electron-program.ts';
import { listFiles, root } from './source-files.ts';
import { addressIn, browserCommand, parseStart } from './start.ts';

function machine(change: Partial<Machine> = {}): Machine {
  return { platform: 'linux', env: { DISPLAY: ':0' }, userId: 1000, ...change };
}

describe('a window', () => {
  it('opens for an ordinary user with a screen', () => {
    expect(whyNoWindow(machine())).toBeUndefined();
    expect(whyNoWindow(machine({ env: { WAYLAND_DISPLAY: 'wayland-0' } }))).toBeUndefined();
    expect(whyNoWindow(machine({ platform: 'darwin', env: {} }))).toBeUndefined();
  });

  it('does not without a screen, or as root', () => {
    expect(whyNoWindow(machine({ env: { DISPLAY: '' } }))).toContain('no screen');
    expect(whyNoWindow(machine({ userId: 0 }))).toContain('root');
  });
});

describe("Electron's program", () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'alexnet-electron-'));
    mkdirSync(join(folder, 'dist'));
    writeFileSync(join(folder, 'package.json'), '{"version":"45.4.1"}');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function unpack(version: string): void {
    writeFileSync(join(folder, 'dist', 'version'), `v${version}\n`);
    writeFileSync(join(folder, 'path.txt'), 'electron');
    writeFileSync(join(folder, 'dist', 'electron'), '');
  }

  it('is found where it was unpacked', () => {
    unpack('45.4.1');
    expect(findElectron(folder)).toBe(join(folder, 'dist', 'electron'));
  });

  it('is missing where nothing, half of it, or another version was', () => {
    expect(findElectron(folder)).toBeUndefined();
    unpack('44.0.0');
    expect(findElectron(folder)).toBeUndefined();
    unpack('45.4.1');
    rmSync(join(folder, 'dist', 'electron'));
    expect(findElectron(folder)).toBeUndefined();
  });
});

describe('npm start', () => {
  it('takes the data directory from where it was called', () => {
    expect(parseStart(['--data-dir', 'x', '--port', '0'], '/home/ada')).toEqual({
      browser: false,
      dataDir: '/home/ada/x',
      port: '0',
    });
    expect(parseStart(['--browser'], '/home/ada').browser).toBe(true);
  });

  it('says what it understands', () => {
    expect(() => parseStart(['--nonsense', '1'])).toThrow('"--nonsense" is not understood');
    expect(() => parseStart(['--data-dir'])).toThrow('--data-dir DIR');
  });

  it("finds the address in the server's words", () => {
    expect(addressIn('http://127.0.0.1:8420/?token=abc')).toBe('http://127.0.0.1:8420/?token=abc');
    expect(addressIn('Open this address in a browser on this machine.')).toBeUndefined();
    expect(addressIn('see http://127.0.0.1:8420/')).toBeUndefined();
    expect(addressIn('http://elsewhere.example/?token=abc')).toBeUndefined();
  });

  it('opens a browser where somebody would see it', () => {
    expect(browserCommand(machine(), () => true)).toEqual(['xdg-open']);
    expect(browserCommand(machine(), () => false)).toBeUndefined();
    expect(browserCommand(machine({ env: {} }), () => true)).toBeUndefined();
    expect(hasScreen(machine({ platform: 'darwin', env: {} }))).toBe(true);
  });
});

describe('the application as it is packaged', () => {
  it('names every package that main/ imports at run time', () => {
    const used = new Set<string>();
    const outside = /^main\/(setup|packaging)\/|\.test\.ts$|\/testing\/|\/test-[^/]*$|\.config\.ts$/;
    for (const path of listFiles(/\.ts$/, 'main').filter((file) => !outside.test(file))) {
      const text = readFileSync(join(root, path), 'utf8');
      for (const [, specifier = ''] of text.matchAll(
        /^(?:import|export|\}) (?!type)[^;]*?from '([^.'][^']*)';/gm,
      ))
        if (!specifier.startsWith('node:'))
          used.add(
            specifier
              .split('/')
              .slice(0, specifier.startsWith('@') ? 2 : 1)
              .join('/'),
          );
    }
    // Electron is what it is packaged with.
    used.delete('electron');
    expect([...used].sort()).toEqual([...runtimePackages].sort());
  });

  it('begins with the window, and keeps the versions of the checkout', () => {
    const checkout = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, unknown>;
    const made = appPackage(checkout);
    expect(made.main).toBe('main/shells/electron/main.js');
    expect(made.version).toBe(checkout.version);
    expect(Object.keys(made.dependencies as object).sort()).toEqual([...runtimePackages].sort());
    expect(readdirSync(join(root, 'main/shells/electron'))).toContain('main.ts');
    expect(() => appPackage({ dependencies: {} })).toThrow('package.json has no');
  });
});
