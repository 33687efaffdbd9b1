// Watching with the fake engine: files that grow, folders that come and go.
import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { ClassifiedFile } from '../../api/predictions.ts';
import type { Application } from '../application.ts';
import type { Studio } from '../studio.ts';
import { TestFolder } from '../testing/test-studio.ts';
import { WatchedFolder, type WatchStatus } from './watched-folder.ts';

// Engines start slowly where others compute on the same cores.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const folder = new TestFolder();
const times = { settleMs: 1000, rescanMs: 1500, gatherMs: 20 };
let studio: Studio;

beforeAll(async () => {
  studio = folder.open({ stepMs: 0 });
  await studio.datasets.add({ name: 'birds', ...folder.photos() }, () => {});
  await studio.training.start({ dataset: 'birds', steps: 1, batchSize: 16, name: 'first' }, () => {});
});
afterAll(() => folder.remove());

it('takes what arrives once it has stopped growing, in new folders too, and waits for a folder that is gone', async () => {
  const root = folder.path('inbox');
  const results: ClassifiedFile[] = [];
  const states: WatchStatus['state'][] = [];
  const sweep = studio.sweeps.open({ paths: [root], model: 'first', top: 1, crops: 1 });
  const stop = new AbortController();
  const watched = new WatchedFolder(
    studio.sweeps,
    sweep,
    {
      onResult: (result) => results.push(result),
      onStatus: ({ state }) => {
        if (states.at(-1) !== state) states.push(state);
      },
    },
    {},
    times,
  );
  const running = watched.run(stop.signal);
  const answered = (name: string) =>
    expect.poll(() => results.filter(({ file }) => file === join(root, name)).length, { timeout: 60_000 });

  await expect.poll(() => states.at(-1), { timeout: 20_000 }).toBe('missing');
  mkdirSync(root);
  writeFileSync(join(root, 'a.jpg'), 'x');
  await answered('a.jpg').toBe(1);

  // A file that grows for longer than it must rest is answered once, when it is whole.
  const growing = join(root, 'growing.jpg');
  for (let i = 0; i < 14; i++) {
    appendFileSync(growing, 'x'.repeat(100));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(results.filter(({ file }) => file === growing)).toEqual([]);
  }
  await answered('growing.jpg').toBe(1);

  mkdirSync(join(root, 'new/deeper'), { recursive: true });
  writeFileSync(join(root, 'new/deeper/b.jpg'), 'x');
  await answered('new/deeper/b.jpg').toBe(1);
  writeFileSync(join(root, 'bad.jpg'), 'x');
  await answered('bad.jpg').toBe(1);

  renameSync(root, `${root}.away`);
  await expect.poll(() => states.at(-1), { timeout: 20_000 }).toBe('missing');
  renameSync(`${root}.away`, root);
  writeFileSync(join(root, 'c.jpg'), 'x');
  await answered('c.jpg').toBe(1);
  // What was there before it went away is known.
  expect(results.map(({ file }) => file.slice(root.length + 1)).sort()).toEqual([
    'a.jpg',
    'bad.jpg',
    'c.jpg',
    'growing.jpg',
    'new/deeper/b.jpg',
  ]);
  stop.abort();
  await running;
});

it('begins again with the application, and only what is on', async () => {
  const root = folder.path('second');
  mkdirSync(root);
  const signal = new AbortController().signal;
  const open = (): Application => folder.open({ stepMs: 0 }).openApplication({ remote: true });
  const list = async (app: Application) => await app.handlers.watches.list(undefined, signal);
  const first = open();
  await first.handlers.watches.add({ folder: root, model: 'first', top: 1, crops: 1 }, signal);
  await expect(
    Promise.resolve().then(() =>
      first.handlers.watches.add({ folder: root, model: 'first', top: 1, crops: 1 }, signal),
    ),
  ).rejects.toMatchObject({ code: 'NAME_TAKEN' });
  await first.close();
  rmSync(folder.path('home/application.lock'), { force: true });

  const second = open();
  writeFileSync(join(root, 'a.jpg'), 'x');
  await expect
    .poll(async () => (await list(second))[0], { timeout: 60_000 })
    .toMatchObject({ files: 1, state: 'watching' });
  const [watch] = await list(second);
  expect(watch).toMatchObject({ folder: root, state: 'watching', failed: 0 });
  await second.handlers.watches.setActive({ id: watch?.id ?? '', active: false }, signal);
  expect((await list(second))[0]?.state).toBe('off');
  await second.handlers.watches.remove({ id: watch?.id ?? '' }, signal);
  expect(await list(second)).toEqual([]);
  await second.close();
  rmSync(folder.path('home/application.lock'), { force: true });
});
