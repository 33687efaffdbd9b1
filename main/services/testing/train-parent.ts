// A parent for tests: trains on a data set that is there, printing the run's id and every step, until it is
// killed. Arguments: the data directory, the data set, the settings. ALEXNET_STUDIO_ADDON and _FAKE as for
// fake-engine.ts.
import { Studio } from '../studio.ts';

const [dataDir, dataset = '', ...settings] = process.argv.slice(2);
const studio = Studio.open({ dataDir, warn: () => {} });
await studio.training.start({ dataset, batchSize: 16, settings }, (event) => {
  if (event.event === 'run') process.stdout.write(`${event.id}\n`);
  if (event.event === 'step') process.stdout.write(`${event.step}\n`);
});
