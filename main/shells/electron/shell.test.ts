// The whole shell over a look-alike of Electron: start, port, jobs on the desktop, and the end.
import { afterEach, describe, expect, it } from 'vitest';
import { fromWire } from '../../api/wire-error.ts';
import { channels } from './channels.ts';
import { FakeFrame } from './testing/look-alike.ts';
import { TestShell } from './testing/test-shell.ts';

let shells: TestShell[] = [];
afterEach(async () => {
  for (const shell of shells) await shell.remove();
  shells = [];
});

async function start(...args: ConstructorParameters<typeof TestShell>): Promise<TestShell> {
  const shell = new TestShell(...args);
  shells.push(shell);
  return await shell.launch();
}

async function until(fits: () => boolean): Promise<void> {
  while (!fits()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('a start', () => {
  it('takes the lock of its data directory before anything is opened', async () => {
    const { electron, folder } = await start();
    expect(electron.app.calls).toEqual([
      `userData ${folder.path('home', 'window')}`,
      'lock',
      'ready',
      'open',
    ]);
  });

  it('leaves at once where there is one already, opening nothing', async () => {
    const second = new TestShell();
    second.electron.app.taken = true;
    await second.launch();
    expect(second.electron.app.calls.slice(1)).toEqual(['lock', 'exit 0']);
    expect(second.opened).toBe(0);
    await second.folder.remove();
  });

  it('brings the window to the front for a second one', async () => {
    const { electron, window } = await start();
    window.hide();
    window.minimized = true;
    electron.app.emit('second-instance');
    expect([window.visible, window.focused, window.minimized]).toEqual([true, true, false]);
  });

  it('says why it cannot, and ends', async () => {
    const shell = new TestShell();
    shell.folder.write('home', 'a file where a folder should be');
    await shell.launch();
    expect(shell.electron.dialog.errors[0]?.title).toBe('AlexNet Studio cannot start');
    expect(shell.electron.dialog.errors[0]?.content).toContain('home');
    expect(shell.electron.app.calls.at(-1)).toBe('exit 1');
    await shell.folder.remove();
  });

  it('says that another application has the data directory', async () => {
    const first = await start();
    const second = await start({}, first.folder);
    expect(second.electron.dialog.errors[0]?.content).toContain('in use');
    expect(second.electron.windows).toHaveLength(0);
  });

  it('opens a sandboxed window with the page', async () => {
    const { window, folder } = await start();
    expect(window.options.webPreferences).toMatchObject({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      preload: folder.path('preload.cjs'),
    });
    expect(window.options).toMatchObject({ minWidth: 1024, minHeight: 640, show: false });
    expect(window.loaded).toEqual(['app://studio/']);
    expect(window.visible).toBe(true);
  });

  it('guards every page that is made', async () => {
    const { window, electron } = await start();
    expect(window.webContents.openHandler?.({ url: 'https://elsewhere.example/' })).toEqual({
      action: 'deny',
    });
    expect(window.webContents.mayGo('will-navigate', 'https://elsewhere.example/')).toBe(false);
    expect(electron.theSession.grants('media', 'app://studio/')).toBe(false);
  });
});

describe('the port', () => {
  it('carries the contract', async () => {
    const shell = await start();
    const client = shell.connect();
    expect(await client.studio.info()).toMatchObject({ remote: false, engineProblem: '' });
    const refused = await client.datasets.show({ id: 'none' }).catch(fromWire);
    expect(refused).toMatchObject({ code: 'NOT_FOUND', details: { dataset: 'none' } });
    const changes = await client.studio.changes();
    expect((await changes.next()).value).toMatchObject({ topic: 'connected' });
    await changes.return?.();
  });

  it('survives garbage', async () => {
    const shell = await start();
    const client = shell.connect();
    const page = shell.electron.channels[0]?.page;
    const { error } = console;
    const told: unknown[] = [];
    console.error = (...words) => told.push(words);
    try {
      for (const garbage of [
        '',
        '{',
        '{"i":1}',
        'null',
        7,
        null,
        undefined,
        { a: 1 },
        new Uint8Array([255, 1]),
      ])
        page?.postMessage(garbage);
      // It comes after the garbage. An unhandled rejection would fail this test.
      expect(await client.studio.settings()).toMatchObject({ theme: 'system' });
    } finally {
      console.error = error;
    }
    expect(told.length).toBeGreaterThan(0);
  });

  it.each([
    ['another page', new FakeFrame('https://elsewhere.example/')],
    ['another host of the scheme', new FakeFrame('app://elsewhere/')],
    ['a file', new FakeFrame('file:///etc/passwd')],
    ['a frame in our page', new FakeFrame('app://studio/', {})],
    ['nobody', null],
  ])('is not given to %s', async (_who, frame) => {
    const { electron } = await start();
    electron.ipc.send(channels.connect, frame);
    expect(electron.channels).toHaveLength(0);
    expect(frame?.sent ?? []).toHaveLength(0);
  });

  it('goes to the frame that asked, and anew to a page that was loaded anew', async () => {
    const { electron } = await start();
    const frame = new FakeFrame();
    electron.ipc.send(channels.connect, frame);
    expect(frame.sent[0]).toMatchObject({ channel: channels.port, message: null });
    expect(frame.sent[0]?.transfer).toHaveLength(1);
    electron.ipc.send(channels.connect, new FakeFrame());
    await until(() => electron.channels[0]?.main.closed === true);
    expect(electron.channels[1]?.main.closed).toBe(false);
  });

  it('still answers after a reload', async () => {
    const shell = await start();
    await shell.connect().studio.info();
    expect((await shell.connect().studio.info()).remote).toBe(false);
  });
});

describe('jobs on the desktop', () => {
  it('show in the task bar, and tell their end where nobody looks', async () => {
    const shell = await start({ stepMs: 3, images: 12 });
    const client = shell.connect();
    const begin = await shell.prepare(client);
    shell.window.focused = false;
    const job = await begin(40);
    expect(job.state).toBe('done');
    await until(() => shell.electron.notices.length > 0);
    expect(shell.window.progress.some(({ value }) => value > 0 && value <= 1)).toBe(true);
    expect(shell.window.progress.at(-1)?.value).toBe(-1);
    const [notice] = shell.electron.notices;
    expect(notice?.notice).toMatchObject({ title: job.title, body: 'Done.', urgency: 'normal' });
    expect(notice?.shown).toBe(true);
    notice?.emit('click');
    expect(shell.window.focused).toBe(true);
    expect(shell.window.loaded.at(-1)).toBe(`app://studio/#/runs/${job.subject}`);
  });

  it('are left to the page where the window is looked at', async () => {
    const shell = await start({ stepMs: 3, images: 12 });
    const begin = await shell.prepare(shell.connect());
    await begin(8);
    await until(() => shell.window.progress.at(-1)?.value === -1);
    expect(shell.electron.notices).toHaveLength(0);
  });

  it('tell that the engine died, and that the run can be resumed', async () => {
    const shell = await start({ stepMs: 3, images: 12, crashAtStep: { step: 12, signal: 'SIGSEGV' } });
    const begin = await shell.prepare(shell.connect());
    shell.window.hide();
    const job = await begin(40);
    expect(job.state).toBe('interrupted');
    await until(() => shell.electron.notices.length > 0);
    expect(shell.electron.notices[0]?.notice).toMatchObject({
      title: `${job.title} was interrupted`,
      body: 'The engine crashed (SIGSEGV). It can be resumed from its last checkpoint.',
      urgency: 'critical',
    });
  });
});

describe('the end', () => {
  it('comes at once where nothing runs', async () => {
    const { window, electron } = await start();
    expect(window.userCloses()).toBe(false);
    expect(await electron.app.exited).toBe(0);
    expect(electron.dialog.boxes).toHaveLength(0);
  });

  it('asks while a run trains, and stays where that is cancelled', async () => {
    const shell = await start({ stepMs: 3, images: 12 });
    const begin = await shell.prepare(shell.connect());
    const job = await begin(100_000);
    shell.window.userCloses();
    await until(() => shell.electron.dialog.boxes.length === 1);
    expect(shell.electron.dialog.boxes[0]).toMatchObject({
      message: `${job.title} is still running.`,
      buttons: ['Keep training in the background', 'Stop with a checkpoint', 'Cancel'],
      cancelId: 2,
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(shell.window.visible).toBe(true);
    expect(shell.electron.app.calls).not.toContain('exit 0');
  });

  it('stops the run with a checkpoint', async () => {
    const shell = await start({ stepMs: 3, images: 12 });
    const begin = await shell.prepare(shell.connect());
    const job = await begin(100_000);
    shell.electron.dialog.answer = 1;
    shell.electron.choose('Quit');
    expect(await shell.electron.app.exited).toBe(0);
    const again = await start({ stepMs: 3, images: 12 }, shell.folder);
    const run = await again.connect().runs.show({ id: job.subject ?? '' });
    expect(['stopped', 'interrupted']).toContain(run.state);
    expect(run.checkpoints.length).toBeGreaterThan(0);
  });

  it('waits in the background until the run is done', async () => {
    const shell = await start({ stepMs: 3, images: 12 });
    const client = shell.connect();
    const begin = await shell.prepare(client);
    shell.electron.dialog.answer = 0;
    // Its port closes with the application, before its reader has heard the end.
    begin(120).catch(() => {});
    await until(
      () =>
        shell.window.progress.at(-1)?.mode === 'normal' && (shell.window.progress.at(-1)?.value ?? -1) > 0,
    );
    shell.electron.app.quit();
    await until(() => !shell.window.visible);
    expect(shell.electron.app.calls).not.toContain('exit 0');
    const [tray] = shell.electron.trays;
    expect(tray?.text).toMatch(/^Train run of 120(, \d+ %)?$/);
    expect(tray?.menu.map(({ label }) => label)).toEqual(['Show AlexNet Studio', undefined, 'Quit']);
    // Looked for again, and left again: by another start, then by the icon.
    shell.electron.app.emit('second-instance');
    expect(shell.window.visible).toBe(true);
    expect(tray?.destroyed).toBe(true);
    shell.window.userCloses();
    await until(() => !shell.window.visible);
    shell.electron.trays[1]?.emit('click');
    expect(shell.window.visible).toBe(true);
    shell.window.userCloses();
    await until(() => !shell.window.visible);
    expect(await shell.electron.app.exited).toBe(0);
    expect(shell.electron.trays.every(({ destroyed }) => destroyed)).toBe(true);
    expect(shell.electron.notices[0]?.notice.body).toBe('Done.');
  });

  it('does not ask where the system goes down, and keeps it waiting for the checkpoint', async () => {
    const shell = await start({ stepMs: 3, images: 12 });
    const begin = await shell.prepare(shell.connect());
    await begin(100_000);
    expect(shell.electron.systemEnds()).toBe(true);
    expect(await shell.electron.app.exited).toBe(0);
    expect(shell.electron.dialog.boxes).toHaveLength(0);
  });
});
