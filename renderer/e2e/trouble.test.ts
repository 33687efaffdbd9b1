// What goes wrong around the application, in a real browser: an engine that is not there, a database that another
// process holds, a full disk, folders that vanish. Every screen says what happened and what to do; none is blank, and
// all work again once the cause is gone. (A killed engine and a restarted server are part of the whole flow.)
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, expect, it } from 'vitest';
import { TestPage } from './test-browser.ts';
import { copyPhotos, type TestPhotos, whatIsMissing } from './test-photos.ts';
import { canMount, TestServer, type TestServerOptions } from './test-server.ts';
import { describeInBrowser } from './test-steps.ts';

const noDisk = whatIsMissing() === '' && !canMount() ? 'this system lets users mount nothing' : '';
if (noDisk !== '') console.warn(`A full disk is not tried in a browser: ${noDisk}.`);

const slow = 120_000;
const screens = [
  ['/', 'Home'],
  ['/datasets', 'Data sets'],
  ['/augmentation', 'Augmentation'],
  ['/new-run', 'New run'],
  ['/runs', 'Runs'],
  ['/evaluations', 'Evaluations'],
  ['/classify', 'Classify'],
  ['/models', 'Models'],
  ['/settings', 'Settings'],
] as const;

describeInBrowser('trouble', () => {
  let server: TestServer;
  let browser: TestPage;
  let photos: TestPhotos;

  async function begin(options: TestServerOptions = {}): Promise<void> {
    server = new TestServer(options);
    photos = copyPhotos(join(server.folder, 'photos'), { train: 8, val: 2 });
    await server.start();
    browser = new TestPage();
    await browser.open(server.url);
  }

  afterEach(async () => {
    await browser?.close();
    await server?.remove();
  }, slow);

  const button = (name: string) => browser.page.getByRole('button', { name, exact: true });
  const messages = () => browser.page.getByLabel('Messages');

  async function addDataset(name: string): Promise<void> {
    const { page } = browser;
    await browser.go('/datasets?add=1');
    await page.getByLabel('Training folder').fill(photos.train);
    await page.getByLabel('Name', { exact: true }).fill(name);
    await button('Add').click();
  }

  it('opens every screen without an engine, and says what is missing', { timeout: slow }, async () => {
    await begin({ env: { ALEXNET_STUDIO_ADDON: '/nowhere/alexnet.node' } });
    const { page } = browser;
    await browser.go('/');
    await page.getByText('The engine does not load').waitFor();
    await page
      .getByText(/ENGINE_MISSING/)
      .first()
      .waitFor();
    await browser.picture('engine-missing');
    for (const [path, title] of screens) {
      await browser.go(path);
      await page.getByRole('heading', { level: 1, name: title }).waitFor();
    }
    await addDataset('none');
    await page
      .getByText(/npm run setup/)
      .last()
      .waitFor();
  });

  it('says that another process holds the database, and goes on once it is free', {
    timeout: slow,
  }, async () => {
    await begin();
    const { page } = browser;
    const other = new DatabaseSync(join(server.dataDirectory, 'studio.sqlite'));
    other.exec('BEGIN IMMEDIATE');
    await browser.go('/augmentation');
    await page.getByLabel('Name of the settings').fill('mine');
    await button('Keep').click();
    // Whoever asks for something else is answered meanwhile.
    const shown = await page.evaluate(`fetch('/').then((answer) => answer.status)`);
    expect(shown).toBe(200);
    expect(
      await messages()
        .getByText(/another process/)
        .count(),
    ).toBe(0);
    await messages()
      .getByText(/another process is writing to it/)
      .waitFor();
    await browser.picture('database-locked');
    // A moment's lock is nothing to speak of: what was asked for is done after it.
    await button('Keep').click();
    other.exec('ROLLBACK');
    await page.getByText('mine kept').waitFor();
    other.exec('BEGIN IMMEDIATE');
    await page.getByLabel('Name of the settings').fill('more');
    await button('Keep').click();
    other.exec('ROLLBACK');
    other.close();
    await page.getByText('more kept').waitFor();
  });

  it.skipIf(noDisk !== '')('says that the disk is full, and loses nothing', { timeout: slow }, async () => {
    await begin({ diskBytes: 3_000_000 });
    const { page } = browser;
    await addDataset('large');
    await messages()
      .getByText(/full|space/i)
      .first()
      .waitFor();
    await browser.picture('disk-full');
    for (const [path, title] of screens) {
      await browser.go(path);
      await page.getByRole('heading', { level: 1, name: title }).waitFor();
    }
    // What was there before is there still, and what failed can be taken up again.
    await browser.go('/datasets');
    await page.getByRole('grid', { name: 'Data sets' }).getByText('large').waitFor();
  });

  it('lets a foreign page neither open the socket nor read or send anything', { timeout: slow }, async () => {
    await begin();
    const { page } = browser;
    const own = new URL(page.url()).host;
    // In the same browser, which has the cookie and sends it along: all ports of a name share it.
    const elsewhere = 'http://127.0.0.1:9999';
    await page.route(`${elsewhere}/**`, (route) =>
      route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>foreign</title>' }),
    );
    await page.goto(`${elsewhere}/`);
    const tried = (await page.evaluate(`(async () => {
        const socket = new WebSocket('ws://${own}/rpc');
        const opened = await new Promise((resolve) => {
          socket.onopen = () => resolve('opened');
          socket.onerror = () => resolve('refused');
        });
        const read = await fetch('http://${own}/', { credentials: 'include' }).then(() => 'read', () => 'refused');
        const sent = await fetch('http://${own}/photos?name=a.jpg', {
          method: 'POST', body: 'x', mode: 'no-cors', credentials: 'include',
        }).then((answer) => answer.type, () => 'refused');
        return { opened, read, sent };
      })()`)) as Record<string, string>;
    expect(tried).toMatchObject({ opened: 'refused', read: 'refused' });
    await browser.go('/classify');
    await page.getByRole('heading', { level: 1, name: 'Classify' }).waitFor();
    const kept = join(server.dataDirectory, 'photos');
    expect(existsSync(kept) ? readdirSync(kept) : []).toEqual([]);
  });

  it('says that a packed data set has vanished from the disk', { timeout: slow }, async () => {
    await begin();
    const { page } = browser;
    await addDataset('gone');
    const row = page.getByRole('grid', { name: 'Data sets' }).locator('[role=row]', { hasText: 'gone' });
    await row.getByText('ready').waitFor();
    const folder = join(server.dataDirectory, 'datasets');
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
    await row.click();
    await page.getByText('Its images cannot be read').waitFor();
    await page.getByRole('tab', { name: /Images/ }).click();
    await page
      .getByLabel(/cannot be shown/)
      .first()
      .waitFor();
    await browser.picture('pack-gone');
    await browser.go('/new-run');
    await page
      .getByText(/is gone; put it back/)
      .first()
      .waitFor();
    expect(await button('Start training').isDisabled()).toBe(true);
    await browser.picture('run-without-pack');
  });
});
