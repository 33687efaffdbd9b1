// Fuzzes the readers of model files: npm run fuzz -- MINUTES [SEED]. What breaks them is kept in the corpus as
// found-*.bin, which the tests replay. A finding: any error that is no refusal, more than two seconds for one file, no
// end within twenty, or more than 1 GB of memory.
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { corpusFolder, readCorpus } from './corpus.ts';
import type { FuzzData, FuzzMessage } from './fuzz-worker.ts';

const [minutes = 1, firstSeed = Date.now() % 2 ** 31] = process.argv.slice(2).map(Number);
const hangMs = 20_000;
const mostMemory = 1 << 30;
const end = performance.now() + minutes * 60_000;
let executions = 0;
let paths = 0;
const findings = new Map<string, string>();

function keep(bytes: Uint8Array, error: string): void {
  const [kind = ''] = error.split('\n');
  if (findings.has(kind)) return;
  const file = join(
    corpusFolder,
    `found-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}.bin`,
  );
  findings.set(kind, file);
  writeFileSync(file, bytes);
  process.stdout.write(`FOUND ${file}\n${error}\n`);
}

/** Until the time is over, or the worker has to be replaced. */
function work(seed: number): Promise<void> {
  const counters = new SharedArrayBuffer(16);
  const current = new SharedArrayBuffer(1 << 16);
  const count = new Float64Array(counters);
  const seeds = readCorpus().map(({ bytes }) => Uint8Array.from(bytes));
  const data: FuzzData = { seeds, seed, counters, current };
  const worker = new Worker(new URL('./fuzz-worker.ts', import.meta.url), { workerData: data });
  return new Promise((resolve) => {
    let last = -1;
    let lastAt = performance.now();
    const stop = () => {
      clearInterval(timer);
      executions += count[0] ?? 0;
      void worker.terminate().then(() => resolve());
    };
    const input = () => new Uint8Array(current.slice(0, count[1]));
    worker.on('message', (message: FuzzMessage) => {
      if (message.kind === 'path') paths++;
      else keep(message.bytes, message.error);
    });
    worker.on('error', (error: Error) => {
      keep(input(), `the worker died: ${error.message}`);
      stop();
    });
    const timer = setInterval(() => {
      const now = performance.now();
      if ((count[0] ?? 0) !== last) {
        last = count[0] ?? 0;
        lastAt = now;
      } else if (now - lastAt > hangMs) {
        keep(input(), 'it did not come to an end');
        stop();
      }
      if (process.memoryUsage().rss > mostMemory) {
        keep(input(), 'it took more than 1 GB');
        stop();
      }
      if (now > end) stop();
    }, 500);
  });
}

for (let seed = firstSeed; performance.now() < end; seed++) await work(seed);
process.stdout.write(
  `${executions} files in ${minutes} minutes (first seed ${firstSeed}), ${paths} new paths, ${findings.size} findings\n`,
);
process.exitCode = findings.size === 0 ? 0 : 1;
