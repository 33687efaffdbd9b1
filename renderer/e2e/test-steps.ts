// Stories in a real browser: what they begin with, and steps of one in an order.
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe } from 'vitest';
import { TestPage } from './test-browser.ts';
import { copyPhotos, type TestPhotos, whatIsMissing } from './test-photos.ts';
import { TestServer } from './test-server.ts';

/** A describe of tests in a browser; where that cannot be, it is skipped with the reason in its title. */
export function describeInBrowser(title: string, tests: () => void): void {
  const missing = whatIsMissing();
  if (missing !== '') console.warn(`Not tried in a browser, ${title}: ${missing}.`);
  describe.skipIf(missing !== '')(`${title}${missing === '' ? '' : ` (${missing})`}`, tests);
}

export interface Beginning {
  server: TestServer;
  browser: TestPage;
  /** Without folders until they are copied, before the tests. */
  photos: TestPhotos;
}

/**
 * In a describe: a server on a data directory of its own with a page on it, until the end. `photos` of each class are
 * copied first; then comes what `before` does to the data directory.
 */
export function withBrowser({
  photos: perClass,
  before,
}: {
  photos?: { train: number; val: number };
  before?: (at: Omit<Beginning, 'browser'>) => void;
} = {}): Beginning {
  const timeoutMs = 240_000;
  const server = new TestServer();
  const browser = new TestPage();
  const photos: TestPhotos = { train: '', val: '', some: [] };
  beforeAll(async () => {
    if (perClass !== undefined) Object.assign(photos, copyPhotos(join(server.folder, 'photos'), perClass));
    before?.({ server, photos });
    await server.start();
    await browser.open(server.url);
  }, timeoutMs);
  afterAll(async () => {
    await browser.close();
    await server.remove();
  }, timeoutMs);
  return { server, browser, photos };
}

/** In a describe: each test stands on those before it, so that after the first that fails the rest is skipped. */
export function stepByStep(): void {
  let broken = false;
  beforeEach(({ skip }) => {
    if (broken) skip('a step before it failed');
  });
  afterEach(({ task }) => {
    broken ||= task.result?.state === 'fail';
  });
}
