// The command line with the real engine, as child processes: from pictures to answers, killed at any moment, on
// awkward input. Needs the addon; says so and skips where it is not built.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { writeTestPhotos } from '../../services/testing/test-photos.ts';

/** Processes start slowly where others compute on the same cores. */
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const checkout = fileURLToPath(new URL('../../../', import.meta.url));
const entry = join(checkout, 'main/shells/cli/main.ts');
const addon = process.env.ALEXNET_STUDIO_ADDON ?? join(checkout, 'native/build/release/alexnet.node');
const awkward = join(checkout, '../shared/data/awkward');
const isRoot = process.getuid?.() === 0;

/** A net of some ten thousand parameters that keeps every kind of layer. */
const smallNet = [
  '--set',
  'net.widthFactor=0.01',
  '--set',
  'net.inputSize=64',
  '--batch',
  '8',
  '--threads',
  '2',
];

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'alexnet-cli-'));
  writeTestPhotos(join(root, 'train'), 4, 8, 'train');
  writeTestPhotos(join(root, 'val'), 4, 2, 'val');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Result {
  status: number | null;
  events: Record<string, unknown>[];
  stderr: string;
}

function start(args: string[], home = 'home'): ChildProcess {
  const env = { ...process.env, ALEXNET_STUDIO_HOME: join(root, home) };
  return spawn(process.execPath, [entry, '--json', ...args], {
    env,
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function finish(child: ChildProcess): Promise<Result> {
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [status] = (await once(child, 'close')) as [number | null];
  const lines = stdout.split('\n').filter((line) => line !== '');
  // A process killed while it writes leaves a line that is not whole.
  if (status === null && !stdout.endsWith('\n')) lines.pop();
  return { status, stderr, events: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

const cli = (...args: string[]) => finish(start(args));

async function done(...args: string[]): Promise<Record<string, unknown>[]> {
  const { status, events, stderr } = await cli(...args);
  expect(status, `${args.join(' ')}\n${stderr}\n${JSON.stringify(events.at(-1))}`).toBe(0);
  return events;
}

async function refused(...args: string[]): Promise<[number | null, unknown]> {
  const { status, events } = await cli(...args);
  const { error } = events.at(-1) as { error?: { code: string } };
  return [status, error?.code];
}

async function only(...args: string[]): Promise<Record<string, unknown>> {
  const [event = {}] = await done(...args);
  return event;
}

async function runs(): Promise<{ state: string; name: string }[]> {
  const { runs: list } = await only('runs', 'list');
  return list as { state: string; name: string }[];
}

/** The values of every tensor of a model, as exported. */
async function weights(model: string): Promise<Buffer> {
  const file = join(root, 'weights.safetensors');
  await done('model', 'export', model, '--format', 'safetensors', '--out', file);
  const bytes = readFileSync(file);
  return bytes.subarray(8 + Number(bytes.readBigUInt64LE(0)));
}

function train(name: string, ...more: string[]): string[] {
  return ['train', '--dataset', 'things', ...smallNet, '--epochs', '12', '--name', name, ...more];
}

/** Process ids of a process's children. */
function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return children.split(' ').filter(Boolean).map(Number);
}

const reason = existsSync(addon) ? '' : ` (skipped: the engine is not built, there is no ${addon})`;

describe.skipIf(reason !== '')(`the real engine${reason}`, () => {
  beforeAll(async () => {
    const [added] = await done(...'dataset add --name things --train train --val val'.split(' '));
    expect(added).toMatchObject({ state: 'ready', classes: 4, found: 40, packed: 40, skipped: 0 });
    await done(...train('whole'));
  });

  it('trains, evaluates and classifies; a model exported and imported gives the same answers', async () => {
    const [shown] = await done('runs', 'show', 'whole');
    expect(shown).toMatchObject({ state: 'finished', step: 48, stepsPerEpoch: 4 });
    const [evaluated] = await done(
      'evaluate',
      'whole@last',
      '--dataset',
      'things',
      '--crops',
      '10',
      '--report',
      'r.html',
    );
    expect(evaluated).toMatchObject({ images: 8, crops: 10, split: 'val' });
    expect(existsSync(join(root, 'r.html'))).toBe(true);
    const averaged = await only(
      'evaluate',
      'whole@last',
      'whole@best',
      '--dataset',
      'things',
      '--crops',
      '10',
    );
    expect(averaged).toMatchObject({
      model: expect.stringMatching(/^whole, step 48 \+ whole, step \d+$/),
      images: 8,
      members: [{ checkpointStep: 48, top1Error: evaluated?.top1Error, loss: evaluated?.loss }, {}],
    });
    const { evaluations: listed } = await only('evaluations', 'list', '--run', 'whole');
    expect(listed).toHaveLength(4); // the first, two members and their average
    const ids = [evaluated?.id, averaged.id].map(String);
    const compared = await only('evaluations', 'compare', ...ids, '--out', 'compared.csv');
    const { counts } = compared as { counts: Record<string, number> };
    expect(Object.values(counts).reduce((sum, images) => sum + images)).toBe(8);
    expect(((counts.onlyB ?? 0) + (counts.neither ?? 0)) / 8).toBeCloseTo(Number(evaluated?.top1Error), 9);
    expect(((counts.onlyA ?? 0) + (counts.neither ?? 0)) / 8).toBeCloseTo(Number(averaged.top1Error), 9);
    expect(readFileSync(join(root, 'compared.csv'), 'utf8').trim().split('\r\n')).toHaveLength(9);
    const [written] = await done('runs', 'report', 'whole', '--out', 'run.html', '--photos');
    const html = readFileSync(join(root, 'run.html'), 'utf8');
    expect(written).toEqual({ file: 'run.html', sizeBytes: Buffer.byteLength(html) });
    // One picture a mistake of the evaluation with ten crops, the kernels, and nothing from elsewhere.
    const wrong = Math.round(8 * Number(evaluated?.top1Error));
    expect(html.match(/src="data:image\/jpeg/g) ?? []).toHaveLength(wrong);
    expect(html.match(/src="data:image\/png/g)).toHaveLength(1);
    expect(html).not.toMatch(/https?:/);
    expect(await refused('runs', 'report', 'whole', '--out', 'gone/run.html')).toEqual([1, 'NOT_FOUND']);
    const answers = await done('classify', 'val', '--model', 'whole@last');
    expect(answers).toHaveLength(8);
    await done('model', 'export', 'whole@last', '--format', 'safetensors', '--out', 'whole.safetensors');
    await done('model', 'import', 'whole.safetensors', '--name', 'copy');
    expect(await done('classify', 'val', '--model', 'copy')).toEqual(answers);
    expect(await weights('copy')).toEqual(await weights('whole@last'));
  });

  it('verifies a data set, and names the bad part of a damaged one', async () => {
    const [whole] = await done('dataset', 'verify', 'things');
    expect(whole).toMatchObject({ ok: true, images: 40 });
    await done(...'dataset add --name damaged --train train'.split(' '));
    const [damaged] = await done('dataset', 'show', 'damaged');
    const pack = join(root, 'home/datasets', String(damaged?.id), 'train.pack');
    const bytes = readFileSync(pack);
    bytes[bytes.length - 100_000] = (bytes[bytes.length - 100_000] ?? 0) ^ 1;
    writeFileSync(pack, bytes);
    expect(await refused('dataset', 'verify', 'damaged')).toEqual([1, 'CORRUPT_PACK']);
  });

  /** Starts and resumes a run, killed each time some moments after its first new steps; then lets it end. */
  async function killUntilDone(name: string, kill: (child: ChildProcess) => void): Promise<number> {
    let kills = 0;
    for (const delayMs of [0, 130, 40, undefined]) {
      const known = (await runs()).find((run) => run.name === name);
      if (known?.state === 'finished') break;
      if (known !== undefined) expect(known.state).toBe('interrupted');
      // A checkpoint after every step: most kills hit one that is being written.
      const child = start(
        known === undefined ? train(name, '--set', 'checkpoints.everySteps=1') : ['resume', name],
      );
      let told = '';
      let hit = false;
      child.stdout?.on('data', async (text: Buffer) => {
        told += text.toString();
        if (hit || delayMs === undefined || !told.includes('"event":"step"')) return;
        hit = true;
        await sleep(delayMs);
        if (child.exitCode === null) kill(child);
      });
      const { status } = await finish(child);
      if (status !== 0) kills++;
    }
    expect((await runs()).find((run) => run.name === name)?.state).toBe('finished');
    return kills;
  }

  it.each([
    [
      'host',
      (child: ChildProcess) => {
        for (const host of childrenOf(child.pid ?? 0)) process.kill(host, 'SIGKILL');
      },
    ],
    ['parent', (child: ChildProcess) => child.kill('SIGKILL')],
  ])(
    'loses nothing to kill -9 of the %s, at any moment: resume ends in the same weights',
    async (who, kill) => {
      const kills = await killUntilDone(`${who}-killed`, kill);
      expect(kills).toBeGreaterThan(0);
      expect(await weights(`${who}-killed@last`)).toEqual(await weights('whole@last'));
      const { step, validations, loss } = await only('runs', 'show', `${who}-killed`);
      const whole = await only('runs', 'show', 'whole');
      expect({ step, loss }).toEqual({ step: 48, loss: whole.loss });
      const errors = (list: unknown) =>
        (list as { loss: number; top1Error: number }[]).map((v) => [v.loss, v.top1Error]);
      expect(errors(validations)).toEqual(errors(whole.validations));
    },
  );

  it('stops for a loss that is not finite, says so and keeps the last good checkpoint', async () => {
    const { status, events } = await cli(
      ...train('hot', '--set', 'optimiser.learningRate=900', '--set', 'checkpoints.everySteps=1'),
    );
    expect(status).toBe(1);
    expect(events.at(-1)).toMatchObject({ error: { code: 'DIVERGED' } });
    expect(events.at(-2)).toMatchObject({ event: 'done', state: 'diverged' });
    const [shown] = await done('runs', 'show', 'hot');
    expect(shown).toMatchObject({ state: 'diverged' });
  });

  it('refuses what the engine cannot build, naming the field, before there is a run', async () => {
    const before = await done('runs', 'list');
    expect(await refused('train', '--dataset', 'things', '--set', 'net.inputSize=5')).toEqual([
      2,
      'INVALID_SPEC',
    ]);
    expect(await refused('train', '--dataset', 'things', '--devices', 'cuda:7')).toEqual([
      1,
      'DEVICE_UNAVAILABLE',
    ]);
    expect(await done('runs', 'list')).toEqual(before);
  });

  it('packs around files that are no photos, and says why each was left out', async () => {
    writeTestPhotos(join(root, 'mixed'), 2, 2, 'mixed');
    writeFileSync(join(root, 'mixed/ball/text.png'), 'no picture');
    writeFileSync(join(root, 'mixed/ball/empty.png'), '');
    symlinkSync('nowhere', join(root, 'mixed/ball/link.png'));
    execFileSync('mkfifo', [join(root, 'mixed/ball/pipe.png')]);
    const added = await only(...'dataset add --name mixed --train mixed'.split(' '));
    expect(added).toMatchObject({ found: 8, packed: 4, skipped: 4 });
    for (const file of added.skippedFiles as { message: string }[]) expect(file.message).not.toBe('');
  });

  it.skipIf(isRoot)('skips files that may not be read (not as root: root reads all)', async () => {
    writeTestPhotos(join(root, 'shut'), 2, 2, 'shut');
    chmodSync(join(root, 'shut/ball/0.png'), 0);
    const [added] = await done(...'dataset add --name shut --train shut'.split(' '));
    expect(added).toMatchObject({ found: 4, packed: 3, skipped: 1 });
  });

  const noAwkward = existsSync(awkward) ? '' : ` (skipped: there is no ${awkward})`;
  it.skipIf(noAwkward !== '')(`gives a result or an error for each awkward file${noAwkward}`, async () => {
    mkdirSync(join(root, 'awkward-train'));
    symlinkSync(awkward, join(root, 'awkward-train/awkward'));
    symlinkSync(join(root, 'train/ball'), join(root, 'awkward-train/ball'));
    const files = readdirSync(awkward, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
      .map((entry) => join(entry.parentPath, entry.name));
    const [added] = await done(...'dataset add --name awkward --train awkward-train'.split(' '));
    const { found, packed, skipped, skippedFiles } = added as unknown as {
      found: number;
      packed: number;
      skipped: number;
      skippedFiles: { path: string; code: string; message: string }[];
    };
    expect(found).toBe(files.length + 8);
    expect(packed + skipped).toBe(found);
    expect(skippedFiles).toHaveLength(skipped);
    for (const file of skippedFiles) {
      expect(file.code, file.path).not.toBe('INTERNAL');
      expect(file.message, file.path).not.toBe('');
    }
    const answers = (await done('classify', awkward, '--model', 'whole')) as {
      file: string;
      error?: { code: string };
    }[];
    expect(answers.map(({ file }) => file).sort()).toEqual([...files].sort());
    // What can be packed can be classified, and the other way round.
    const failed = answers
      .filter(({ error }) => error !== undefined)
      .map(({ file }) => file.slice(awkward.length + 1));
    expect(failed.sort()).toEqual(skippedFiles.map(({ path }) => path.replace('awkward/', '')).sort());
  });

  it('says that the disk is full, and goes on when there is room', async (context) => {
    const disk = join(root, 'disk');
    mkdirSync(disk);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', disk], { stdio: 'pipe' });
    } catch {
      context.skip('a small disk can only be mounted as root, where mounting is allowed');
    }
    try {
      const add = ['dataset', 'add', '--data-dir', disk, '--name', 'things', '--train', 'train'];
      expect(await refused(...add)).toEqual([1, 'DISK_FULL']);
      execFileSync('mount', ['-o', 'remount,size=60m', disk]);
      const [added] = await done(...add);
      expect(added).toMatchObject({ packed: 32, skipped: 0 });
    } finally {
      execFileSync('umount', [disk]);
    }
  });
});
