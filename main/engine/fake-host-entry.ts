// The engine host with the fake engine and fake storage, for tests: everything but these two is the real host.
// ALEXNET_STUDIO_FAKE holds the options of both as JSON.
import { createFakeAddon, type FakeOptions } from './fake-addon.ts';
import { createFakeStorage, type FakeStorageOptions } from './fake-storage.ts';
import { runHost } from './host.ts';
import { openPort } from './port.ts';

const options = JSON.parse(process.env.ALEXNET_STUDIO_FAKE ?? '{}') as Partial<FakeOptions> &
  FakeStorageOptions;

runHost({
  port: openPort(),
  loadAddon: () => createFakeAddon(options),
  storage: createFakeStorage(options),
});
