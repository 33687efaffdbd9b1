// What classified folders are called, and how they stand.
import type { Sweep } from '../../../main/api/operations/classify.ts';
import type { Job, JobState } from '../../../main/api/operations/jobs.ts';

/** The folder's name, or how many there are. */
export function sweepTitle({ paths }: Pick<Sweep, 'paths'>): string {
  const [first = ''] = paths;
  if (paths.length !== 1) return `${paths.length} files and folders`;
  return first.split('/').at(-1) || first;
}

/** Its job's state; without one it is done, or was stopped on the way. */
export function sweepState(
  { jobId, endedAt }: Pick<Sweep, 'jobId' | 'endedAt'>,
  jobs: ReadonlyMap<string, Job>,
): JobState {
  const job = jobId === null ? undefined : jobs.get(jobId);
  if (job !== undefined) return job.state;
  return endedAt === null ? 'interrupted' : 'done';
}
