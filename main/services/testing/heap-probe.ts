// Loaded before a program (`--expose-gc --import heap-probe.ts`, a pipe at descriptor 3): now and then it collects
// garbage and writes what is left, a JSON object a line. What grows there is kept, not only not collected yet.
import { createWriteStream } from 'node:fs';

export interface HeapSample {
  /** Of JavaScript, after a collection. */
  heapBytes: number;
  /** Of buffers, which lie outside the heap. */
  bufferBytes: number;
}

const everyMs = 5000;

const { gc } = globalThis;
if (gc === undefined) throw new Error('heap-probe.ts needs --expose-gc');
const pipe = createWriteStream('', { fd: 3 });
setInterval(() => {
  gc();
  const { heapUsed, external } = process.memoryUsage();
  const sample: HeapSample = { heapBytes: heapUsed, bufferBytes: external };
  pipe.write(`${JSON.stringify(sample)}\n`);
}, everyMs).unref();
