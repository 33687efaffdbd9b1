import { expect, it } from 'vitest';
import { trainedElsewhere } from './trained-elsewhere.ts';

it('finds the runs that train without a job of this application', () => {
  const runs = [
    { id: 'own', state: 'running' },
    { id: 'paused', state: 'paused' },
    { id: 'other', state: 'running' },
    { id: 'over', state: 'finished' },
    { id: 'waiting', state: 'queued' },
  ];
  const jobs = [{ subject: 'own' }, { subject: null }];
  expect(trainedElsewhere(runs, jobs).map(({ id }) => id)).toEqual(['paused', 'other']);
  expect(trainedElsewhere(runs, []).map(({ id }) => id)).toEqual(['own', 'paused', 'other']);
});
