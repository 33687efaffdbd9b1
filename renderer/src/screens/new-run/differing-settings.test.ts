import { describe, expect, it } from 'vitest';
import type { Preset } from '../../../../main/api/run-config.ts';
import { differingSettings } from './differing-settings.ts';

/** As much of a preset as is looked at. */
function preset(name: string, lrn: object, then: string[], notes: Preset['notes']): Preset {
  const config = {
    preset: name,
    seed: name.length,
    checkpoints: { keepLast: name.length },
    optimiser: { momentum: 0.9 },
    net: { lrn, layers: [{ name: 'conv1', then }] },
  };
  return { name, title: name, summary: '', config: config as unknown as Preset['config'], notes };
}

const note = (field: string, reason: string) => ({ field, value: null, reason, source: 'P' });
const paper = preset(
  'paper',
  { k: 2, alphaOverN: false },
  ['activation', 'lrn', 'pool'],
  [note('net.lrn.alphaOverN', 'The formula does not divide.')],
);
const code = preset(
  'code-2012',
  { k: 1, alphaOverN: true },
  ['lrn', 'pool', 'activation'],
  [note('net.lrn', 'As the code had it.')],
);

describe('differingSettings', () => {
  const rows = differingSettings([paper, code]);
  const row = (path: string) => rows.find((one) => one.path === path);

  it('has every difference with the value of each and the reasons', () => {
    expect(row('net.lrn.alphaOverN')?.values).toEqual(['false', 'true']);
    expect(row('net.layers.conv1.then')?.values).toEqual(['activation, lrn, pool', 'lrn, pool, activation']);
    expect(row('net.lrn.alphaOverN')?.notes).toContainEqual({
      preset: 'paper',
      reason: 'The formula does not divide.',
      source: 'P',
    });
  });

  it('leaves out what is the same and what only organises a run', () => {
    expect(rows.map(({ path }) => path)).toEqual([
      'net.lrn.k',
      'net.lrn.alphaOverN',
      'net.layers.conv1.then',
    ]);
  });

  it('tells a reason for a whole object once', () => {
    const reasons = rows.flatMap(({ notes }) => notes.map(({ reason }) => reason));
    expect(reasons.filter((reason) => reason === 'As the code had it.')).toHaveLength(1);
  });
});
