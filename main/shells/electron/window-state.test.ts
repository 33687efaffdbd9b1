import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MainWindow } from './main-window.ts';
import { FakeElectron } from './testing/look-alike.ts';
import { placeWindow, WindowStateFile } from './window-state.ts';

const main = { x: 0, y: 0, width: 1920, height: 1040 };
const left = { x: -2560, y: 0, width: 2560, height: 1400 };
const kept = { x: 100, y: 50, width: 1300, height: 800, maximized: false };

describe('the place of the window', () => {
  it('is where it was, on any screen', () => {
    expect(placeWindow(kept, [main])).toEqual(kept);
    const there = { ...kept, x: -2000 };
    expect(placeWindow(there, [main, left])).toEqual(there);
    expect(placeWindow({ ...kept, maximized: true }, [main]).maximized).toBe(true);
  });

  it.each([
    ['on a screen that is gone', { x: -2000 }],
    ['above the screen', { y: -700 }],
    ['below it', { y: 1030 }],
    ['with a corner on it that cannot be taken hold of', { x: 1900 }],
  ])('is left to the system where it was %s', (_where, change) => {
    expect(placeWindow({ ...kept, ...change }, [main])).toEqual({
      width: 1300,
      height: 800,
      maximized: false,
    });
  });

  it('fits the screen, and is never smaller than the screens need', () => {
    expect(placeWindow({ ...kept, x: 0, width: 4000, height: 3000 }, [main])).toMatchObject({
      width: 1920,
      height: 1040,
    });
    expect(placeWindow({ ...kept, width: 200, height: 100 }, [main])).toMatchObject({
      width: 1024,
      height: 640,
    });
    expect(placeWindow(undefined, [main])).toEqual({ width: 1440, height: 900, maximized: false });
    expect(placeWindow(kept, [])).toEqual({ width: 1300, height: 800, maximized: false });
  });
});

describe('its file', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'alexnet-window-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('keeps it', () => {
    const file = new WindowStateFile(join(folder, 'window', 'window.json'));
    expect(file.read()).toBeUndefined();
    file.write(kept);
    expect(file.read()).toEqual(kept);
  });

  it.each(['', '{', '[]', '{"width":"wide"}', '{"width":-5,"height":1,"maximized":false}'])(
    'is left aside where it holds %s',
    (text) => {
      writeFileSync(join(folder, 'window.json'), text);
      expect(new WindowStateFile(join(folder, 'window.json')).read()).toBeUndefined();
    },
  );

  it('that cannot be written is no failure', () => {
    writeFileSync(join(folder, 'window'), '');
    new WindowStateFile(join(folder, 'window', 'window.json')).write(kept);
    expect(readFileSync(join(folder, 'window'), 'utf8')).toBe('');
  });

  function open(electron: FakeElectron) {
    const state = new WindowStateFile(join(folder, 'window.json'));
    const log = () => {};
    const made = new MainWindow({
      electron,
      state,
      preload: '/p.cjs',
      devTools: false,
      onClose: () => {},
      log,
    });
    return { made, window: electron.window };
  }

  it('is written when the window is moved, and brings the next one there', async () => {
    const { window } = open(new FakeElectron());
    window.bounds = { x: 300, y: 200, width: 1111, height: 777 };
    window.maximized = true;
    window.emit('move');
    await new Promise((resolve) => setTimeout(resolve, 700));
    const next = open(new FakeElectron());
    expect(next.window.options).toMatchObject({ x: 300, y: 200, width: 1111, height: 777 });
    next.window.emit('ready-to-show');
    expect(next.window.maximized).toBe(true);
  });

  it('forgets the place of a minimised window', () => {
    const { made, window } = open(new FakeElectron());
    window.minimized = true;
    made.keepPlace();
    expect(new WindowStateFile(join(folder, 'window.json')).read()).toBeUndefined();
  });

  it('loads the page again where its process died, but not for ever', () => {
    const { window } = open(new FakeElectron());
    for (let i = 0; i < 10; i++)
      window.webContents.emit('render-process-gone', {}, { reason: 'crashed', exitCode: 11 });
    expect(window.loaded).toHaveLength(4);
  });
});
