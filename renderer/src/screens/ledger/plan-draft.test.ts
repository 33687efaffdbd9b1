import { describe, expect, it } from 'vitest';
import { draftOf, newDraft, problemsOf, toSettings } from './plan-draft.ts';

describe('a plan as it is typed', () => {
  it('stands for settings, and they for it', () => {
    const draft = {
      ...newDraft(),
      datasetId: 'd1',
      rows: ['lrn' as const],
      devices: 'cuda:0,cuda:1',
      learningRate: '0.02',
    };
    expect(problemsOf(draft)).toEqual({});
    const settings = toSettings(draft);
    expect(settings).toMatchObject({
      devices: ['cuda:0', 'cuda:1'],
      seeds: 2,
      scale: { widthFactor: 0.25, epochs: 5, batchSize: 32, learningRate: 0.02, schedule: 'linear' },
    });
    expect(draftOf(settings)).toEqual(draft);
  });

  it('says what is wrong where it is', () => {
    expect(problemsOf(newDraft())).toEqual({ datasetId: expect.any(String), rows: expect.any(String) });
    const wrong = {
      ...newDraft(),
      datasetId: 'd',
      rows: ['lrn' as const],
      seeds: '0',
      epochs: '1.5',
      widthFactor: 'x',
      learningRate: '-1',
    };
    expect(Object.keys(problemsOf(wrong)).sort()).toEqual(['epochs', 'learningRate', 'seeds', 'widthFactor']);
  });
});
