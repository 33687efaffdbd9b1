// A parent for tests: starts a long training with the fake engine, prints the host's process id, and stays.
import { join } from 'node:path';
import { EngineHost } from './client.ts';
import { forkHost } from './fork-host.ts';

const [checkpointFile = ''] = process.argv.slice(2);
const spawn = forkHost(join(import.meta.dirname, 'fake-host-entry.ts'), {
  ...process.env,
  ALEXNET_STUDIO_FAKE: JSON.stringify({ images: 1e6 }),
});
let pid = 0;
const host = new EngineHost(
  spawn,
  {
    kind: 'train',
    configJson: JSON.stringify({ steps: 1e6, optimiser: { batchSize: 8, learningRate: 0.1 } }),
    trainPack: 'train.pack',
    validationPack: '',
    checkpointFile,
    keepLast: 1,
    resume: false,
    replay: [],
  },
  {
    ready: (message) => {
      pid = message.pid;
    },
    training: () => {
      if (pid !== 0) process.stdout.write(`${pid}\n`);
      pid = 0;
    },
  },
);
await host.ended;
