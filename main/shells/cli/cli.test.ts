// The command line as its users meet it: a child process, with the fake engine.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type FakeOptions, fakeEnvironment, TestFolder } from '../../services/testing/test-studio.ts';

const entry = fileURLToPath(new URL('main.ts', import.meta.url));

// Every test starts processes, which takes long where others compute on the same cores.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

let folder: TestFolder;
let children: ChildProcess[] = [];
beforeEach(() => {
  folder = new TestFolder();
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  children = [];
  await folder.remove();
});

interface Result {
  status: number | null;
  stdout: string;
  stderr: string;
}

function start(args: string[], fake: Partial<FakeOptions> = {}): ChildProcess {
  const env = { ...fakeEnvironment(fake), ALEXNET_STUDIO_HOME: folder.path('home') };
  const child = spawn(process.execPath, [entry, ...args], {
    env,
    cwd: folder.root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  return child;
}

async function finish(child: ChildProcess): Promise<Result> {
  const result: Result = { status: null, stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => {
    result.stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    result.stderr += chunk.toString();
  });
  const [status] = (await once(child, 'close')) as [number | null];
  return { ...result, status };
}

const cli = (args: string[], fake: Partial<FakeOptions> = {}) => finish(start(args, fake));

function objects(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function addPets(): Promise<void> {
  const { train, val } = folder.photos();
  expect((await cli(['dataset', 'add', '--name', 'pets', '--train', train, '--val', val])).status).toBe(0);
}

/** Resolves with the first event of a kind; the child's output goes on being read. */
function eventOf(child: ChildProcess, kind: string, holds = (_: Record<string, unknown>) => true) {
  return new Promise<Record<string, unknown>>((resolve, reject) => {
    if (child.stdout === null) return reject(new Error('there is no output to read'));
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => {
      const event = JSON.parse(line) as Record<string, unknown>;
      if (event.event === kind && holds(event)) resolve(event);
    });
    lines.on('close', () => reject(new Error(`the output ended without '${kind}'`)));
  });
}

it('refuses wrong arguments with status 2, as one object with --json', async () => {
  const { status, stdout } = await cli(['train', '--json']);
  expect(status).toBe(2);
  expect(objects(stdout)).toEqual([{ error: { code: 'USAGE', message: '--dataset is missing' } }]);
  expect(readdirSync(folder.root)).toEqual([]);
});

describe('the whole way', () => {
  it('adds, trains, evaluates, classifies, exports, imports, removes', async () => {
    await addPets();
    const again = await cli([
      '--json',
      'dataset',
      'add',
      '--name',
      'pets',
      '--train',
      folder.path('photos/train'),
    ]);
    expect(again.status).toBe(1);
    expect(objects(again.stdout)).toMatchObject([{ error: { code: 'NAME_TAKEN' } }]);

    const trained = await cli([
      'train',
      '--json',
      '--dataset',
      'pets',
      '--steps',
      '5',
      '--batch',
      '16',
      '--name',
      'net',
    ]);
    expect(trained.status).toBe(0);
    const events = objects(trained.stdout);
    expect(events[0]).toMatchObject({ event: 'run', id: expect.any(String), totalSteps: 5 });
    expect(events.filter((event) => event.event === 'step').map((event) => event.step)).toEqual([
      1, 2, 3, 4, 5,
    ]);
    expect(events.filter((event) => event.event === 'checkpoint').map((event) => event.step)).toEqual([4, 5]);
    expect(events[1]).toMatchObject({ step: 1, epoch: 1, loss: 1, top1Error: 1 });
    expect(events.at(-1)).toMatchObject({ state: 'finished' });

    const evaluated = await cli(['evaluate', 'net', '--dataset', 'pets', '--json', '--report', 'r.html']);
    expect([evaluated.status, objects(evaluated.stdout).length]).toEqual([0, 1]);
    expect(objects(evaluated.stdout)[0]).toMatchObject({ images: 64, split: 'val', crops: 1 });
    expect(readdirSync(folder.root)).toContain('r.html');

    folder.touch('-dash.jpg', 'bad.jpg');
    const classified = await cli([
      'classify',
      '--json',
      '--model',
      'net',
      '--top',
      '1',
      './-dash.jpg',
      'bad.jpg',
    ]);
    expect(classified.status).toBe(0);
    expect(objects(classified.stdout)).toEqual([
      {
        file: './-dash.jpg',
        predictions: [{ class: expect.any(Number), name: expect.any(String), probability: 0.75 }],
      },
      { file: 'bad.jpg', error: { code: 'CORRUPT_IMAGE', message: expect.any(String) } },
    ]);
    expect((await cli(['classify', 'bad.jpg', '--model', 'net'])).status).toBe(1);

    const sort = ['sort', 'photos/val', '--model', 'net', '--to', 'sorted', '--threshold', '0', '--move'];
    const sorted = await cli([...sort, '--apply', '--json']);
    const { list, done } = objects(sorted.stdout).at(-1) ?? {};
    expect([sorted.status, done, existsSync(folder.path('photos/val/a/0.jpg'))]).toEqual([0, 3, false]);
    folder.write('photos/val/a/0.jpg', 'mine');
    const undone = await cli(['sort', 'undo', String(list)]);
    expect([undone.status, undone.stdout]).toEqual([
      1,
      expect.stringMatching(
        /^2 photos put back, 1 photo left\n.*\.jpg: a file of that name is there by now\n$/,
      ),
    ]);
    folder.delete('photos/val/a/0.jpg');
    const rest = await cli(['sort', 'undo', String(list), '--json']);
    expect([rest.status, objects(rest.stdout)]).toEqual([
      0,
      [{ event: 'done', total: 1, done: 1, left: [], list: null }],
    ]);

    const exported = await cli([
      'model',
      'export',
      'net',
      '--format',
      'safetensors',
      '--out',
      'n.safetensors',
    ]);
    expect(exported.status).toBe(0);
    expect((await cli(['model', 'import', 'n.safetensors', '--name', 'copy'])).status).toBe(0);
    expect(objects((await cli(['model', 'list', '--json'])).stdout)).toMatchObject([
      { models: [{ name: 'copy' }] },
    ]);
    expect((await cli(['model', 'remove', 'copy'])).status).toBe(0);
    const shown = await cli(['runs', 'show', 'net']);
    expect(shown.stdout).toContain('finished');
    expect((await cli(['runs', 'delete', 'net'])).status).toBe(0);
    expect(objects((await cli(['runs', 'list', '--json'])).stdout)).toEqual([{ runs: [] }]);
    expect((await cli(['dataset', 'remove', 'pets'])).status).toBe(0);
  });

  it('checks a model on a data set of some of its classes and others, and says what was left out', async () => {
    await addPets();
    expect((await cli(['train', '--dataset', 'pets', '--steps', '1', '--name', 'net'])).status).toBe(0);
    folder.touch('others/a/0.jpg', 'others/owl/0.jpg');
    expect((await cli(['dataset', 'add', '--name', 'others', '--train', 'others'])).status).toBe(0);
    const check = ['model', 'check', 'net', '--dataset', 'others', '--split', 'train', '--claimed-top1', '0'];
    const checked = await cli(check);
    expect(checked.status).toBe(0);
    expect(checked.stderr).toContain('class owl is left out: no class of the model is called so');
    expect(checked.stdout).toMatch(
      /^1 of its 3 classes are in the data set\nnet on 32 photos: top-1 error 0\.0/,
    );
    expect(objects((await cli([...check, '--json'])).stdout)).toMatchObject([
      { model: 'net', images: 32, matchedClasses: 1, unmatched: [{ folder: 'owl' }], evaluation: null },
    ]);
  });

  it('prints tables and sums for people, progress never on stdout', async () => {
    await addPets();
    const list = await cli(['dataset', 'list']);
    expect(list.stdout).toMatch(/^name +state +classes +training +validation/);
    const shown = await cli(['dataset', 'show', 'pets']);
    expect(shown.stdout).toContain('train/b/bad.jpg  CORRUPT_IMAGE');
    const trained = await cli(['train', '--dataset', 'pets', '--steps', '2', '--quiet']);
    expect(trained.stdout).toContain('finished at step 2');
    expect(trained.stderr).toBe('');
  });
});

describe('errors of a run', () => {
  it('a loss that is not finite: status 1, DIVERGED after the done event', async () => {
    await addPets();
    const { status, stdout } = await cli(['train', '--json', '--dataset', 'pets', '--steps', '9'], {
      divergeAtStep: 2,
    });
    expect(status).toBe(1);
    const [done, error] = objects(stdout).slice(-2);
    expect(done).toMatchObject({ event: 'done', state: 'diverged' });
    expect(error).toMatchObject({ error: { code: 'DIVERGED' } });
    expect(objects(stdout)[2]).toMatchObject({ event: 'step', step: 2, loss: null });
  });

  it('an unknown preset, data set and device', async () => {
    await addPets();
    const refused = async (...args: string[]) => {
      const { status, stdout } = await cli(['train', '--json', '--dataset', 'pets', ...args]);
      const [first = {}] = objects(stdout);
      const { code } = first.error as { code: string };
      return [status, code];
    };
    expect(await refused('--preset', 'gone')).toEqual([2, 'INVALID_CONFIG']);
    expect(await refused('--set', 'net.widht=1')).toEqual([2, 'INVALID_CONFIG']);
    expect(await refused('--devices', 'cuda:0')).toEqual([1, 'DEVICE_UNAVAILABLE']);
    expect(objects((await cli(['runs', 'list', '--json'])).stdout)).toEqual([{ runs: [] }]);
  });
});

describe('interrupting', () => {
  /** Half a minute with 20 ms a step: 25 epochs of four steps, each with a validation of 64 images. */
  const longTraining = [
    ...['train', '--json', '--dataset', 'pets', '--name', 'net'],
    ...['--steps', '100', '--batch', '16'],
  ];

  it('SIGINT stops with a checkpoint and status 130; resume finishes', async () => {
    await addPets();
    const child = start(longTraining, { stepMs: 20 });
    const ended = finish(child);
    await eventOf(child, 'step');
    child.kill('SIGINT');
    const { status, stdout } = await ended;
    expect(status).toBe(130);
    expect(objects(stdout).at(-1)).toMatchObject({ event: 'done', state: 'stopped' });
    const resumed = await cli(['resume', 'net', '--json']);
    expect(resumed.status).toBe(0);
    expect(objects(resumed.stdout).at(-1)).toMatchObject({ state: 'finished', step: 100 });
  });

  it('a killed parent leaves an interrupted run, a dead host and nothing half-written; resume finishes', async () => {
    await addPets();
    const child = start(longTraining, { stepMs: 20 });
    const exited = once(child, 'close');
    await eventOf(child, 'checkpoint');
    child.kill('SIGKILL');
    // The host holds the child's error output: that it closes says that the host is gone, too.
    await exited;
    const list = await cli(['runs', 'list', '--json']);
    expect(list.stderr).toContain('was interrupted');
    expect(objects(list.stdout)).toMatchObject([{ runs: [{ name: 'net', state: 'interrupted' }] }]);
    const resumed = objects((await cli(['resume', 'net', '--json'])).stdout);
    expect(resumed[0]).toMatchObject({ event: 'run' });
    expect(resumed[0]?.fromStep).toBeGreaterThan(0);
    expect(resumed.at(-1)).toMatchObject({ state: 'finished', step: 100 });
  });

  it('a reader that goes away early is no failure', async () => {
    await addPets();
    const child = start(['train', '--json', '--dataset', 'pets', '--steps', '2000'], { stepMs: 5 });
    await eventOf(child, 'step');
    child.stdout?.destroy();
    const [status] = (await once(child, 'close')) as [number | null];
    expect(status).toBe(0);
    expect(objects((await cli(['runs', 'list', '--json'])).stdout)).toMatchObject([
      { runs: [{ state: 'stopped' }] },
    ]);
  });

  it('dataset add goes on where it was stopped', async () => {
    const { train } = folder.photos();
    const add = ['dataset', 'add', '--json', '--name', 'pets', '--train', train];
    const child = start(add, { stepMs: 400 });
    const ended = finish(child);
    const datasets = folder.path('home/datasets');
    await expect
      .poll(() => existsSync(datasets) && readdirSync(datasets).length, { timeout: 120_000 })
      .toBe(1);
    child.kill('SIGINT');
    const { status, stdout } = await ended;
    expect(status).toBe(130);
    expect(objects(stdout)).toMatchObject([{ error: { code: 'CANCELLED' } }]);
    const again = await cli(add);
    expect(objects(again.stdout)).toMatchObject([
      { name: 'pets', state: 'ready', found: 13, packed: 12, skipped: 1 },
    ]);
  });
});

describe('the data directory', () => {
  it('is refused where it cannot be one', async () => {
    writeFileSync(folder.path('file'), '');
    const { status, stderr } = await cli(['runs', 'list', '--data-dir', folder.path('file')]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^error IO: /);
  });
});
