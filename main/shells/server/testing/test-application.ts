// A server with a small data set and a client of it, and the steps that tests of the contract share.
import type { StudioClient } from '../../../api/contract.ts';
import type { Job } from '../../../api/operations/jobs.ts';
import type { RunConfig } from '../../../api/run-config.ts';
import { TestServer, until } from './test-server.ts';

const ended = new Set(['done', 'failed', 'cancelled', 'interrupted']);

export class TestApplication {
  readonly test: TestServer;
  readonly client: StudioClient;
  /** Of "birds": three classes, twelve training images, one file that cannot be read. */
  readonly datasetId: string;

  private constructor(test: TestServer, client: StudioClient, datasetId: string) {
    this.test = test;
    this.client = client;
    this.datasetId = datasetId;
  }

  static async start(): Promise<TestApplication> {
    const test = await TestServer.start({ stepMs: 3, images: 12 });
    const { client } = await test.client();
    const { train, val } = test.folder.photos();
    const { jobId } = await client.datasets.add({ name: 'birds', train, val });
    const { result } = await jobEnd(client, jobId);
    return new TestApplication(test, client, result ?? '');
  }

  /** Of the fake's net: `steps` steps, twelve an epoch, each epoch with a checkpoint. */
  async config(steps: number): Promise<RunConfig> {
    const preset = await this.client.config.fromPreset({ preset: 'alexnet', datasetId: this.datasetId });
    const { epochs: _epochs, ...rest } = preset;
    return { ...rest, steps, optimiser: { ...rest.optimiser, batchSize: 1 } };
  }

  async startRun(steps: number, name: string): Promise<{ runId: string; jobId: string }> {
    const { datasetId } = this;
    return await this.client.runs.start({ datasetId, config: await this.config(steps), name });
  }

  /** A run that has ended; returns its id. */
  async trainedRun(steps: number, name: string): Promise<string> {
    const { runId, jobId } = await this.startRun(steps, name);
    await this.jobEnd(jobId);
    return runId;
  }

  jobEnd(id: string): Promise<Job> {
    return jobEnd(this.client, id);
  }

  close(): Promise<void> {
    return this.test.close();
  }
}

/** The job as it ended. */
async function jobEnd(client: StudioClient, id: string): Promise<Job> {
  // Watched before it is looked at: what ends in between is told.
  const changes = await client.jobs.watch();
  const known = (await client.jobs.list()).find((job) => job.id === id);
  if (known !== undefined && ended.has(known.state)) {
    await changes.return?.();
    return known;
  }
  const jobs = await until(changes, (job) => job.id === id && ended.has(job.state));
  return jobs.at(-1) as Job;
}
