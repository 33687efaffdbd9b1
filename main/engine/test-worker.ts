// For addon-teardown.test.ts: uses the addon in a worker thread, or in a process of its own, and is ended in the
// middle. Says 'going' when the work has begun.
import { parentPort, workerData } from 'node:worker_threads';
import { loadAddon } from './load-addon.ts';
import { valueCount } from './load-tensors.ts';
import { planPack, predictorOptions, testConfig } from './test-net.ts';

export interface WorkerTask {
  kind: 'train' | 'pack' | 'classify' | 'create' | 'exit';
  folder: string;
  pack: string;
  paths: string[];
}

const task =
  parentPort === null ? (JSON.parse(process.argv[2] ?? '') as WorkerTask) : (workerData as WorkerTask);
const addon = loadAddon();

const going = () => parentPort?.postMessage('going');

function createTrainer() {
  const configJson = JSON.stringify(testConfig({ steps: 1_000_000 }));
  return addon.createTrainer({ configJson, trainPack: task.pack, validationPack: task.pack });
}

if (task.kind === 'train' || task.kind === 'exit') {
  const trainer = await createTrainer();
  let told = false;
  // Snapshots are kept on purpose.
  await trainer.start(() => {
    if (told) return;
    told = true;
    going();
    if (task.kind === 'exit') process.exit(7);
  });
} else if (task.kind === 'pack') {
  const many = Array.from({ length: 100 }, () => task.paths).flat();
  const options = planPack(task.folder, `worker-${process.hrtime.bigint()}`, many);
  await addon.writePack(options, going, addon.createCancelFlag());
} else if (task.kind === 'classify') {
  const predictor = await addon.createPredictor(predictorOptions());
  for (const tensor of predictor.tensors)
    predictor.load(tensor.name, 0, new Uint8Array(valueCount(tensor) * 4));
  const answering = predictor.classifyFiles(Array.from({ length: 500 }, () => task.paths).flat(), 1);
  going();
  await answering;
} else {
  const creating = Array.from({ length: 4 }, createTrainer);
  going();
  await Promise.all(creating);
}
