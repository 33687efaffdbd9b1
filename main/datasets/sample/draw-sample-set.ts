// Draws the sample data set's pictures in a thread of its own: drawing is minutes of arithmetic, and the calling
// thread has screens to answer.
import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { AppError, type ErrorReport, fromErrorReport } from '../../api/errors.ts';
import type { SampleSetOptions } from './sample-set.ts';

/** What the thread is told as it starts; any message after that tells it to stop. */
export type DrawingOrder = Pick<SampleSetOptions, 'folder' | 'trainPerClass' | 'valPerClass'>;

export type DrawingNews =
  | { kind: 'progress'; done: number; total: number }
  | { kind: 'drawn' }
  | { kind: 'failed'; error: ErrorReport };

/** Beside this file, in the language that this file is in: TypeScript in a checkout, JavaScript once built. */
const entry = join(import.meta.dirname, `draw-worker${extname(import.meta.filename)}`);

/**
 * As writeSampleSet(). Resolves or rejects when the thread has ended. Throws DISK_FULL, IO, INTERNAL, and the signal's
 * reason.
 */
export async function drawSampleSet({ signal, onProgress, ...order }: SampleSetOptions): Promise<void> {
  signal?.throwIfAborted();
  const worker = new Worker(entry, { workerData: order satisfies DrawingOrder, execArgv: [] });
  const stop = () => worker.postMessage('stop');
  signal?.addEventListener('abort', stop);
  try {
    await new Promise<void>((resolve, reject) => {
      let drawn = false;
      let failure: unknown;
      worker.on('message', (news: DrawingNews) => {
        if (news.kind === 'progress') onProgress?.(news.done, news.total);
        else if (news.kind === 'drawn') drawn = true;
        else failure = fromErrorReport(news.error);
      });
      worker.on('error', (error) => {
        failure = error;
      });
      worker.on('exit', () => {
        if (drawn) resolve();
        else
          reject(
            failure ?? signal?.reason ?? new AppError('INTERNAL', 'the drawing of pictures ended unasked'),
          );
      });
    });
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
