// What is told of a job that ended: what became of the work, not only that it is over.
import type { Job } from '../../../main/api/operations/jobs.ts';
import { tellError } from './errors.ts';
import { plural } from './format.ts';

export interface JobEnd {
  tone: 'good' | 'plain' | 'danger';
  text: string;
}

type Ended = Pick<Job, 'kind' | 'state' | 'skipped' | 'error' | 'startedAt'>;

export function jobEnd(job: Ended): JobEnd {
  if (job.state === 'done') return { tone: 'good', text: doneText(job) };
  if (job.state === 'cancelled') return { tone: 'plain', text: stoppedText(job) };
  return { tone: 'danger', text: job.error ? tellError(job.error) : `The job is ${job.state}.` };
}

function doneText({ kind, skipped }: Ended): string {
  const files = plural(skipped, 'file');
  switch (kind) {
    case 'train':
      return 'Trained to its end.';
    case 'verifyDataset':
      return 'Every image is as it was packed.';
    case 'addDataset':
      return skipped === 0 ? 'Packed, nothing left out.' : `Packed; ${files} left out, with the reasons.`;
    case 'classify':
      return skipped === 0 ? 'Done.' : `Done; ${files} could not be read.`;
    case 'sortPhotos':
      return skipped === 0 ? 'Done.' : `Done; ${files} left where they were.`;
    default:
      return 'Done.';
  }
}

function stoppedText({ kind, startedAt }: Ended): string {
  if (startedAt === null) return 'Taken out of the queue.';
  return kind === 'train' ? 'Stopped with a checkpoint; it can be resumed from it.' : 'Cancelled.';
}
