// The engine host: one job in a process of its own, so that a fault, an abort or an out-of-memory kill ends the
// job and never the application.
import { AppError, toErrorReport } from '../api/errors.ts';
import type { Addon } from './addon.ts';
import { ClassifyRun } from './classify-job.ts';
import { EvaluateRun } from './evaluate-job.ts';
import { IndexRun } from './index-job.ts';
import { InspectRun } from './inspect-job.ts';
import type { JobContext, RunningJob } from './job.ts';
import { PackRun, VerifyPackRun } from './pack-jobs.ts';
import type { HostPort } from './port.ts';
import type { Job, ToHost } from './protocol.ts';
import type { HostStorage } from './storage.ts';
import { TrainRun } from './train-job.ts';

export interface HostParts {
  port: HostPort;
  loadAddon: () => Addon;
  storage: HostStorage;
}

function createJob(job: Job, context: JobContext): RunningJob {
  switch (job.kind) {
    case 'train':
      return new TrainRun(job, context);
    case 'evaluate':
      return new EvaluateRun(job, context);
    case 'classify':
      return new ClassifyRun(job, context);
    case 'inspect':
      return new InspectRun(job, context);
    case 'index':
      return new IndexRun(job, context);
    case 'pack':
      return new PackRun(job, context);
    case 'verifyPack':
      return new VerifyPackRun(job, context);
    default:
      throw new AppError('INVALID_ARGUMENT', `There is no job of the kind ${JSON.stringify(job)}.`);
  }
}

/** Runs the job that the parent sends, then ends the process: exit code 0, or 1 where the job failed. */
export function runHost({ port, loadAddon, storage }: HostParts): void {
  let running: RunningJob | undefined;
  let failing = false;
  let ended = false;

  // At once, whatever runs: nobody hears what is computed, and the files are whole at any moment. An ordinary
  // exit would wait for the engine's threads.
  port.onClose(() => process.kill(process.pid, 'SIGKILL'));

  // Control-C in a terminal reaches the whole group, as does the end of a service or a session; what it means is
  // the parent's to say, and where the parent goes the channel closes.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

  const fail = (error: unknown) => {
    if (failing) return;
    failing = true;
    if (error instanceof Error && toErrorReport(error).code === 'INTERNAL') console.error(error);
    process.exitCode = 1;
    port.send({ type: 'error', error: toErrorReport(error) });
    void port.flush().then(() => process.exit(1));
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);

  let addon: Addon;
  try {
    addon = loadAddon();
  } catch (error) {
    fail(error);
    return;
  }

  const run = async (job: RunningJob) => {
    try {
      await job.run();
    } catch (error) {
      return fail(error);
    } finally {
      ended = true;
    }
    port.send({ type: 'finished' });
    await port.flush();
    port.close();
  };

  port.onMessage((message: ToHost) => {
    if (ended) return; // it crossed the end of the job
    try {
      if (message.type !== 'start') {
        if (running === undefined) throw new AppError('INVALID_ARGUMENT', 'No job has been started yet.');
        return running.handle(message);
      }
      if (running !== undefined) throw new AppError('INVALID_ARGUMENT', 'One host runs one job.');
      running = createJob(message.job, { addon, storage, send: (answer) => port.send(answer) });
      void run(running);
    } catch (error) {
      fail(error);
    }
  });
  port.send({ type: 'ready', version: addon.version, pid: process.pid });
}
