// A whole shell over the look-alike of Electron and the fake engine, and its page's client.
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/message-port';
import type { StudioClient } from '../../../api/contract.ts';
import type { Job } from '../../../api/operations/jobs.ts';
import { type FakeOptions, fakeEnvironment, TestFolder } from '../../../services/testing/test-studio.ts';
import { channels } from '../channels.ts';
import { type DesktopShell, launch } from '../desktop-shell.ts';
import { utilityHost } from '../utility-host.ts';
import { FakeElectron, FakeFrame, type FakeWindow, forkUtility } from './look-alike.ts';

const ended = new Set(['done', 'failed', 'cancelled', 'interrupted']);

export class TestShell {
  readonly electron = new FakeElectron();
  readonly folder: TestFolder;
  readonly options: Partial<FakeOptions>;
  opened = 0;
  shell: DesktopShell | undefined;

  constructor(options: Partial<FakeOptions> = {}, folder = new TestFolder()) {
    this.folder = folder;
    this.options = options;
    folder.write('page/index.html', '<!doctype html><title>page</title>');
    folder.write('page/assets/main.js', 'export {};');
    folder.write('secret.txt', 'secret');
  }

  async launch(): Promise<this> {
    this.shell = await launch({
      electron: this.electron,
      dataFolder: this.folder.path('home'),
      openStudio: () => {
        this.opened += 1;
        this.electron.app.calls.push('open');
        const env = fakeEnvironment(this.options);
        return this.folder.open(this.options, () => utilityHost(forkUtility, { env }));
      },
      pageFolder: this.folder.path('page'),
      preload: this.folder.path('preload.cjs'),
      platform: 'linux',
    });
    this.electron.windows[0]?.emit('ready-to-show');
    return this;
  }

  get window(): FakeWindow {
    return this.electron.window;
  }

  /** The page asks for its port, as the preload script does for it. */
  connect(frame = new FakeFrame()): StudioClient {
    const before = this.electron.channels.length;
    this.electron.ipc.send(channels.connect, frame);
    const channel = this.electron.channels[before];
    if (channel === undefined) throw new Error('no port was given');
    const made: unknown = createORPCClient(new RPCLink({ port: channel.page }));
    return made as StudioClient;
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return this.fetchUrl(`app://studio${path}`, init);
  }

  async fetchUrl(url: string, init: RequestInit = {}): Promise<Response> {
    const handler = this.electron.schemes.get('app');
    if (handler === undefined) throw new Error('nobody answers app://');
    return await handler(new Request(url, init));
  }

  /** A data set of the fake's photos, and how to begin a run of so many steps on it. */
  async prepare(client: StudioClient): Promise<(steps: number) => Promise<Job>> {
    const { train, val } = this.folder.photos();
    const { jobId } = await client.datasets.add({ name: 'birds', train, val });
    const datasetId = (await this.jobEnd(client, jobId)).result ?? '';
    return async (steps) => {
      const { epochs: _epochs, ...preset } = await client.config.fromPreset({ preset: 'alexnet', datasetId });
      const config = { ...preset, steps, optimiser: { ...preset.optimiser, batchSize: 8 } };
      const started = await client.runs.start({ datasetId, config, name: `run of ${steps}` });
      return await this.job(client, started.jobId, ({ state, progress }) =>
        steps < 1000 ? ended.has(state) : state === 'running' && (progress?.done ?? 0) > 0,
      );
    };
  }

  async jobEnd(client: StudioClient, id: string): Promise<Job> {
    return await this.job(client, id, ({ state }) => ended.has(state));
  }

  async job(client: StudioClient, id: string, fits: (job: Job) => boolean): Promise<Job> {
    const stream = await client.jobs.watch();
    const known = (await client.jobs.list()).find((job) => job.id === id);
    if (known !== undefined && fits(known)) {
      await stream.return?.();
      return known;
    }
    for await (const job of stream) if (job.id === id && fits(job)) return job;
    throw new Error('the stream ended');
  }

  async remove(): Promise<void> {
    if (this.shell !== undefined) await this.shell.end();
    for (const { page } of this.electron.channels) page.close();
    await this.folder.remove();
  }
}
