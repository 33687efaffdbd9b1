// How 100,000 photos go through the command line: `npm run bench:photos -- PHOTOS [COUNT [KILLS]]`. PHOTOS is a folder
// of class folders of real photos. Links to them make up the count; a narrow net is trained for a moment, the folder
// is classified, killed (SIGKILL) at random moments and started again. Prints the memory of both processes over time
// (what the system counts, and of the application what JavaScript keeps after a collection), the speed, and whether
// every photo has its one line. Takes minutes.
import { spawn, spawnSync } from 'node:child_process';
import {
  createReadStream,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { HeapSample } from './heap-probe.ts';

const probe = new URL('./heap-probe.ts', import.meta.url).href;
const cli = fileURLToPath(new URL('../../shells/cli/main.ts', import.meta.url));
const sampleEveryMs = 250;
const perFolder = 5000;

interface Sample {
  elapsedMs: number;
  parentBytes: number;
  hostBytes: number;
  heap: HeapSample;
}

const say = (line: string) => process.stdout.write(`${line}\n`);
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;

function rssOf(pid: number): number {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
    return pages * 4096;
  } catch {
    return 0;
  }
}

function childOf(pid: number): number | undefined {
  try {
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    return child ? Number(child) : undefined;
  } catch {
    return undefined;
  }
}

function run(home: string, ...args: string[]): void {
  const { status } = spawnSync(process.execPath, [cli, '--data-dir', home, '--quiet', ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}`);
}

function photosOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.jpe?g$/i.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** `count` links; each photo is there several times under other names. */
function link(photos: readonly string[], folder: string, count: number): void {
  for (let i = 0; i < count; i++) {
    const into = join(folder, String(Math.floor(i / perFolder)));
    if (i % perFolder === 0) mkdirSync(into, { recursive: true });
    symlinkSync(photos[i % photos.length] ?? '', join(into, `${i}.jpg`));
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** One start, to its end or its kill. Returns its last word, if it came to it. */
async function start(
  args: string[],
  out: string,
  samples: Sample[],
  /** So long after the first new answers are in the file. */
  killAfterMs: number | undefined,
): Promise<Record<string, unknown> | undefined> {
  const child = spawn(process.execPath, ['--expose-gc', '--import', probe, ...args], {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  });
  let last: Record<string, unknown> | undefined;
  const [, stdout, , probed] = child.stdio as Readable[];
  if (stdout === undefined || probed === undefined) throw new Error('no pipes');
  createInterface({ input: stdout }).on('line', (line) => {
    last = JSON.parse(line) as Record<string, unknown>;
  });
  let heap: HeapSample = { heapBytes: 0, bufferBytes: 0 };
  createInterface({ input: probed }).on('line', (line) => {
    heap = JSON.parse(line) as HeapSample;
  });
  const pid = child.pid ?? 0;
  const began = performance.now();
  const before = sizeOf(out);
  let writtenAt: number | undefined;
  const timer = setInterval(() => {
    const elapsedMs = performance.now() - began;
    const host = childOf(pid);
    samples.push({
      elapsedMs,
      parentBytes: rssOf(pid),
      hostBytes: host === undefined ? 0 : rssOf(host),
      heap,
    });
    if (sizeOf(out) > before) writtenAt ??= elapsedMs;
    if (killAfterMs !== undefined && elapsedMs > (writtenAt ?? Number.POSITIVE_INFINITY) + killAfterMs) {
      child.kill('SIGKILL');
    }
  }, sampleEveryMs);
  await new Promise((ended) => child.once('close', ended));
  clearInterval(timer);
  return last;
}

/** Lines of answers, and how many different files they are of. */
async function check(file: string): Promise<{ lines: number; files: number; torn: number }> {
  const files = new Set<string>();
  let lines = -1; // the head
  let torn = 0;
  for await (const line of createInterface({ input: createReadStream(file) })) {
    if (++lines === 0) continue;
    files.add(line.slice(0, line.indexOf(',')));
    if (line.split(',').length < 5) torn++;
  }
  return { lines, files: files.size, torn };
}

function tellMemory(samples: readonly Sample[]): void {
  // The first seconds load the model.
  const warm = samples.filter(({ hostBytes, elapsedMs }) => hostBytes > 0 && elapsedMs > 5000);
  const parts = 8;
  for (let part = 0; part < parts; part++) {
    const some = warm.slice((warm.length * part) / parts, (warm.length * (part + 1)) / parts);
    const most = (of: (sample: Sample) => number) => megabytes(Math.max(0, ...some.map(of)));
    const until = ((some.at(-1)?.elapsedMs ?? 0) / 1000).toFixed(0);
    const { heapBytes = 0, bufferBytes = 0 } = some.at(-1)?.heap ?? {};
    const kept = `${(heapBytes / 1e6).toFixed(2)} MB heap, ${(bufferBytes / 1e6).toFixed(2)} MB buffers`;
    say(
      `  until ${until.padStart(5)} s: application ${most((s) => s.parentBytes)} (kept: ${kept}), engine ${most((s) => s.hostBytes)}`,
    );
  }
}

const [given, countText = '100000', killsText = '5'] = process.argv.slice(2);
if (given === undefined) throw new Error('which folder of photos?');
const count = Number(countText);
const kills = Number(killsText);
const root = mkdtempSync(join(tmpdir(), 'alexnet-photos-'));
try {
  const home = join(root, 'home');
  const many = join(root, 'many');
  const out = join(root, 'answers.csv');
  const photos = photosOf(resolve(given));
  link(photos, many, count);
  say(`${count} links to ${photos.length} photos`);
  run(home, 'dataset', 'add', '--name', 'some', '--train', resolve(given));
  const narrow = ['--set', 'net.widthFactor=0.25', '--batch', '32', '--steps', '4', '--name', 'narrow'];
  run(home, 'train', '--dataset', 'some', ...narrow);
  const args = [cli, '--data-dir', home, '--json', '--quiet', 'classify', many];
  const command = [...args, '--model', 'narrow', '--out', out];
  for (let kill = 1; kill <= kills; kill++) {
    const afterMs = Math.random() * 15_000;
    await start(command, out, [], afterMs);
    const { lines, files } = await check(out).catch(() => ({ lines: 0, files: 0 }));
    say(`killed ${(afterMs / 1000).toFixed(1)} s after its first answers: ${lines} lines, ${files} files`);
  }
  const samples: Sample[] = [];
  const end = await start(command, out, samples, undefined);
  if (end?.event !== 'done') throw new Error(`the last start said ${JSON.stringify(end)}`);
  const fresh = Number(end.files) - Number(end.known);
  const perSecond = (fresh * 1000) / Number(end.elapsedMs);
  say(
    `the rest: ${fresh} photos in ${(Number(end.elapsedMs) / 1000).toFixed(0)} s, ${perSecond.toFixed(0)} a second`,
  );
  tellMemory(samples);
  const { lines, files, torn } = await check(out);
  const right = lines === count && files === count && torn === 0 && end.files === count;
  say(`${lines} lines, ${files} different files, ${torn} torn: ${right ? 'every photo once' : 'WRONG'}`);
  process.exitCode = right ? 0 : 1;
} finally {
  rmSync(root, { recursive: true, force: true });
}
