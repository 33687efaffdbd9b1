// The preload script's work, the menu, and what keeps Electron in its place.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Desktop, desktopName, portGiven, portWanted } from '../../api/desktop.ts';
import { installBridge, type PageMessage, type PageWindow } from './bridge.ts';
import { channels } from './channels.ts';
import type { MenuItem } from './electron-parts.ts';
import { menuTemplate } from './menu.ts';
import { FakeElectron } from './testing/look-alike.ts';

const root = join(import.meta.dirname, '../../..');

function preload(href = 'app://studio/#/runs') {
  const posted: unknown[][] = [];
  const sent: string[] = [];
  const exposed = new Map<string, object>();
  let hear: (event: PageMessage) => void = () => {};
  let givePort: (event: { ports: readonly unknown[] }) => void = () => {};
  const page: PageWindow = {
    location: { href, origin: 'app://studio' },
    addEventListener: (_type, listener) => {
      hear = listener;
    },
    postMessage: (...message) => posted.push(message),
  };
  installBridge({
    page,
    ipc: {
      send: (channel) => sent.push(channel),
      invoke: (channel, request) => Promise.resolve([channel, JSON.stringify(request)]),
      on: (_channel, listener) => {
        givePort = listener;
      },
    },
    expose: (name, offered) => exposed.set(name, offered),
    pathOf: () => '/a.jpg',
  });
  const desktop = exposed.get(desktopName) as Desktop | undefined;
  return {
    page,
    posted,
    sent,
    desktop,
    hear: (event: PageMessage) => hear(event),
    givePort: () => givePort({ ports: ['port'] }),
  };
}

describe('the preload script', () => {
  it('asks for a port when its page does, and hands it over', () => {
    const { page, posted, sent, hear, givePort } = preload();
    hear({ source: page, data: portWanted });
    expect(sent).toEqual([channels.connect]);
    givePort();
    expect(posted).toEqual([[portGiven, 'app://studio', ['port']]]);
  });

  it('hears nobody but its page, and nothing else', () => {
    const { page, sent, hear } = preload();
    hear({ source: {}, data: portWanted });
    hear({ source: null, data: portWanted });
    hear({ source: page, data: 'something' });
    hear({ source: page, data: { type: portWanted } });
    expect(sent).toEqual([]);
  });

  it('offers the dialogs and the paths of files', async () => {
    const { desktop } = preload();
    const request = { title: 'x', pick: 'folder' } as const;
    expect(await desktop?.pick(request)).toEqual([channels.pick, JSON.stringify(request)]);
    expect(desktop?.pathOf({})).toBe('/a.jpg');
  });

  it('offers a page of anybody else nothing', () => {
    const { page, sent, hear, desktop } = preload('https://elsewhere.example/');
    hear({ source: page, data: portWanted });
    expect([sent, desktop]).toEqual([[], undefined]);
  });

  it('speaks the words of the page', () => {
    const text = readFileSync(join(root, 'renderer/src/client/port-transport.ts'), 'utf8');
    for (const word of [portWanted, portGiven])
      expect(text.includes(`'${word}'`) || text.includes('main/api/desktop.ts'), word).toBe(true);
  });
});

describe('the menu', () => {
  const went: string[] = [];
  const electron = new FakeElectron();
  const actions = {
    go: (to: string) => went.push(to),
    quit: () => went.push('quit'),
    openDataFolder: () => went.push('open'),
  };
  const flat = (items: readonly MenuItem[]): MenuItem[] =>
    items.flatMap((item) => [item, ...flat(item.submenu ?? [])]);

  it('goes to screens that there are', () => {
    electron.setMenu(menuTemplate(actions, { platform: 'linux', developer: false }));
    for (const item of flat(electron.menu)) item.click?.();
    expect(went).toContain('quit');
    expect(went).toContain('open');
    const router = readFileSync(join(root, 'renderer/src/router.ts'), 'utf8');
    for (const to of went.filter((word) => word.startsWith('/'))) expect(router).toContain(`path: '${to}',`);
  });

  it('has each key once', () => {
    const keys = flat(electron.menu).flatMap(({ accelerator }) => accelerator ?? []);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys).toContain('CmdOrCtrl+1');
  });

  it('looks into the page in a checkout alone', () => {
    const roles = (developer: boolean) =>
      flat(menuTemplate(actions, { platform: 'linux', developer })).map(({ role }) => role);
    expect(roles(false)).not.toContain('toggleDevTools');
    expect(roles(true)).toContain('toggleDevTools');
  });

  it('has its place on macOS', () => {
    const [first] = menuTemplate(actions, { platform: 'darwin', developer: false });
    expect(first?.label).toBe('AlexNet Studio');
  });
});

it("Electron's values are taken by the entry and the preload script alone", () => {
  const takers = readdirSync(import.meta.dirname).filter((name) => {
    if (!name.endsWith('.ts')) return false;
    return /^(import(?! type)|\}) .*from 'electron'/m.test(
      readFileSync(join(import.meta.dirname, name), 'utf8'),
    );
  });
  expect(takers).toEqual(['main.ts', 'preload.ts']);
});
