import { describe, expect, it } from 'vitest';
import { channels } from './channels.ts';
import { guardContents, guardDownloads, guardSession } from './guards.ts';
import { isOwnUrl } from './origin.ts';
import { offerDialogs } from './pick-dialog.ts';
import { FakeContents, FakeElectron, FakeFrame, FakeSession, Stop } from './testing/look-alike.ts';

const foreign = [
  'https://elsewhere.example/',
  'http://127.0.0.1:8420/',
  'file:///etc/passwd',
  'app://elsewhere/',
  'app://studio.elsewhere.example/',
  'app://user:word@studio/',
  'javascript:alert(1)',
  'data:text/html,x',
  'about:blank',
  'appx://studio/',
  'nonsense',
];

describe('our own address', () => {
  it.each(['app://studio/', 'app://studio/#/runs/1', 'app://studio/images/mean/x'])('is %s', (url) => {
    expect(isOwnUrl(url)).toBe(true);
  });
  it.each(foreign)('is not %s', (url) => {
    expect(isOwnUrl(url)).toBe(false);
  });
});

describe('a page', () => {
  const log: string[] = [];
  const contents = new FakeContents();
  guardContents(contents, (line) => log.push(line));

  it.each(foreign)('does not go to %s', (url) => {
    for (const event of ['will-navigate', 'will-frame-navigate', 'will-redirect'] as const)
      expect(contents.mayGo(event, url), event).toBe(false);
    expect(log.at(-1)).toContain('refused');
  });

  it('goes to its own screens', () => {
    expect(contents.mayGo('will-navigate', 'app://studio/#/runs')).toBe(true);
  });

  it('opens no windows and no webviews', () => {
    expect(contents.openHandler?.({ url: 'app://studio/' })).toEqual({ action: 'deny' });
    const stop = new Stop();
    contents.emit('will-attach-webview', stop);
    expect(stop.prevented).toBe(true);
  });
});

describe('permissions', () => {
  const session = new FakeSession();
  guardSession(session);

  it.each(['media', 'geolocation', 'notifications', 'openExternal', 'fileSystem', 'clipboard-read', 'usb'])(
    'deny %s',
    (permission) => {
      expect(session.grants(permission, 'app://studio/')).toBe(false);
      expect(session.check?.(null, permission, 'app://studio/')).toBe(false);
    },
  );

  it('let our page copy a text, and no other', () => {
    expect(session.grants('clipboard-sanitized-write', 'app://studio/')).toBe(true);
    expect(session.check?.(null, 'clipboard-sanitized-write', 'app://studio/')).toBe(true);
    expect(session.grants('clipboard-sanitized-write', 'https://elsewhere.example/')).toBe(false);
  });

  it('deny devices', () => {
    expect(session.device?.()).toBe(false);
  });
});

describe('downloads', () => {
  const session = new FakeSession();
  guardDownloads(session);

  it('of what the page made go where the user says', () => {
    const dialog = { title: 'Save', defaultPath: 'report.html' };
    expect(session.download('blob:app://studio/4c1e', 'report.html')).toEqual(dialog);
  });

  it.each(['https://elsewhere.example/x.sh', 'blob:https://elsewhere.example/4c1e', 'file:///etc/passwd'])(
    'of %s are refused',
    (url) => {
      expect(session.download(url, 'x')).toBeUndefined();
    },
  );
});

describe('dialogs', () => {
  const electron = new FakeElectron();
  const window = electron.createWindow({} as Parameters<FakeElectron['createWindow']>[0]);
  offerDialogs({ ipc: electron.ipc, dialog: electron.dialog, window: () => window });
  const pick = (request: unknown, frame: FakeFrame | null = new FakeFrame()) =>
    electron.ipc.invoke(channels.pick, frame, request);

  it('choose a folder', async () => {
    electron.dialog.picked = ['/photos/birds'];
    expect(await pick({ title: 'Training folder', pick: 'folder', start: '/photos' })).toEqual([
      '/photos/birds',
    ]);
    expect(electron.dialog.opened.at(-1)).toEqual({
      title: 'Training folder',
      defaultPath: '/photos',
      properties: ['openDirectory', 'createDirectory'],
      filters: [],
    });
  });

  it('choose files of a kind', async () => {
    electron.dialog.picked = ['/a.jpg', '/b.jpg'];
    expect(await pick({ title: 'Photos', pick: 'file', files: 'images', many: true })).toHaveLength(2);
    const options = electron.dialog.opened.at(-1);
    expect(options?.properties).toEqual(['openFile', 'multiSelections']);
    expect(options?.filters[0]?.extensions).toContain('jpg');
  });

  it('may be left without a choice', async () => {
    electron.dialog.picked = [];
    expect(await pick({ title: 'x', pick: 'file' })).toEqual([]);
  });

  it('are for our page alone, and for requests that make sense', async () => {
    const before = electron.dialog.opened.length;
    const other = new FakeFrame('https://elsewhere.example/');
    await expect(pick({ title: 'x', pick: 'file' }, other)).rejects.toThrow('only the application');
    await expect(pick({ title: 'x', pick: 'file' }, null)).rejects.toThrow('only the application');
    await expect(pick({ title: 'x', pick: 'everything' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(pick(undefined)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(electron.dialog.opened).toHaveLength(before);
  });
});
