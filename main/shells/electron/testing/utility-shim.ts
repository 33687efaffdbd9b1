// Loaded first into a plain child process: gives it the parentPort that a utility process has.
import { EventEmitter } from 'node:events';

class ParentPort extends EventEmitter {
  postMessage(message: unknown): void {
    process.send?.(message);
  }
}

const parentPort = new ParentPort();
const waiting: unknown[] = [];
process.on('message', (data) => {
  // Messages wait for whoever listens.
  if (parentPort.listenerCount('message') === 0) waiting.push(data);
  else parentPort.emit('message', { data });
});
parentPort.on('newListener', (name) => {
  if (name !== 'message') return;
  process.nextTick(() => {
    for (const data of waiting.splice(0)) parentPort.emit('message', { data });
  });
});
// Its parent's end ends a utility process, too.
process.on('disconnect', () => process.exit());
Object.defineProperty(process, 'parentPort', { value: parentPort });
