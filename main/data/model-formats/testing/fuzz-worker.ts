// The fuzzer's work, in a thread: damages files and exercises the readers on them, keeping those that go a new way.
import { parentPort, workerData } from 'node:worker_threads';
import { exercise } from './exercise.ts';
import { mutate, Random } from './mutations.ts';

export interface FuzzData {
  seeds: Uint8Array[];
  seed: number;
  /** [executions, length of the current input] */
  counters: SharedArrayBuffer;
  /** The current input, so that one that never ends is known. */
  current: SharedArrayBuffer;
}

export type FuzzMessage =
  | { kind: 'found'; bytes: Uint8Array; error: string }
  | { kind: 'path'; outcome: string };

const slowMs = 2000;
const mostKept = 20_000;
const { seeds, seed, counters, current } = workerData as FuzzData;
const pool = seeds.map((bytes) => Buffer.from(bytes));
const count = new Float64Array(counters);
const place = new Uint8Array(current);
const known = new Set<string>();
const random = new Random(seed);

const tell = (message: FuzzMessage) => parentPort?.postMessage(message);

for (const bytes of pool) known.add(exercise(bytes));
for (;;) {
  const input = Uint8Array.from(mutate(pool, random));
  place.set(input.subarray(0, place.length));
  count[1] = input.length;
  const began = performance.now();
  try {
    const outcome = exercise(input);
    const elapsedMs = performance.now() - began;
    if (elapsedMs > slowMs) tell({ kind: 'found', bytes: input, error: `took ${Math.round(elapsedMs)} ms` });
    if (!known.has(outcome) && pool.length < mostKept) {
      known.add(outcome);
      pool.push(Buffer.from(input));
      tell({ kind: 'path', outcome });
    }
  } catch (error) {
    const text = error instanceof Error ? `${error.name}: ${error.message}\n${error.stack}` : String(error);
    tell({ kind: 'found', bytes: input, error: text });
  }
  count[0] = (count[0] ?? 0) + 1;
}
