// The screen that shows what a job works on or what it made.
import type { Job } from '../../../main/api/operations/jobs.ts';

export function jobPlace(job: Pick<Job, 'id' | 'kind' | 'subject' | 'result'>): string | null {
  switch (job.kind) {
    case 'train':
      return job.subject === null ? '/runs' : `/runs/${job.subject}`;
    case 'evaluate':
      return job.result === null ? '/evaluations' : `/evaluations/${job.result}`;
    case 'classify':
      return job.subject === null ? '/classify' : `/classify/folder/${job.subject}`;
    case 'sortPhotos':
      return '/classify?tab=sort';
    case 'addDataset':
    case 'verifyDataset':
    case 'findDuplicates': {
      const id = job.result ?? job.subject;
      return id === null ? '/datasets' : `/datasets/${id}`;
    }
    case 'importModel':
    case 'exportModel':
      return '/models';
    default:
      return null;
  }
}
