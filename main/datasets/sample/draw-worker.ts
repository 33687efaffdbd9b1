// The thread that draws: started by draw-sample-set.ts, which says what it is told and tells.
import { parentPort, workerData } from 'node:worker_threads';
import { toErrorReport } from '../../api/errors.ts';
import { fromFileSystem } from '../../data/data-directory.ts';
import type { DrawingNews, DrawingOrder } from './draw-sample-set.ts';
import { writeSampleSet } from './sample-set.ts';

const order = workerData as DrawingOrder;
const stop = new AbortController();
parentPort?.on('message', () => stop.abort());
const tell = (news: DrawingNews) => parentPort?.postMessage(news);

try {
  await writeSampleSet({
    ...order,
    signal: stop.signal,
    onProgress: (done, total) => tell({ kind: 'progress', done, total }),
  });
  tell({ kind: 'drawn' });
} catch (error) {
  if (!stop.signal.aborted)
    tell({
      kind: 'failed',
      error: toErrorReport(fromFileSystem(error, order.folder, 'drawing the sample pictures')),
    });
}
parentPort?.close();
