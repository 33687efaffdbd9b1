import { describe, expect, it } from 'vitest';
import { jobPlace } from './job-place.ts';
import { bestMatches, matches } from './matches.ts';

describe('matches', () => {
  it('wants every word, in any order and case', () => {
    expect(matches('AlexNet on birds, paper-2012', 'bird PAPER')).toBe(true);
    expect(matches('AlexNet on birds', 'birds dogs')).toBe(false);
    expect(matches('anything', '  ')).toBe(true);
  });
});

describe('bestMatches', () => {
  it('puts first what is called so, then what is found by other words', () => {
    const all = [
      { label: 'New run', words: 'train settings' },
      { label: 'Home', words: '' },
      { label: 'Settings', words: 'theme' },
    ];
    expect(bestMatches(all, 'settings').map(({ label }) => label)).toEqual(['Settings', 'New run']);
    expect(bestMatches(all, '')).toEqual(all);
  });
});

describe('jobPlace', () => {
  it('leads to what a job works on, then to what it made', () => {
    const job = { id: 'j1', subject: 'a', result: null };
    expect(jobPlace({ ...job, kind: 'train' })).toBe('/runs/a');
    expect(jobPlace({ ...job, kind: 'evaluate' })).toBe('/evaluations');
    expect(jobPlace({ ...job, kind: 'evaluate', result: 'e' })).toBe('/evaluations/e');
    expect(jobPlace({ ...job, kind: 'addDataset', subject: null })).toBe('/datasets');
    expect(jobPlace({ ...job, kind: 'classify' })).toBe('/classify/folder/a');
  });
});
