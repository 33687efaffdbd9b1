import { describe, expect, it } from 'vitest';
import { flattenConfig } from './flatten-config.ts';

describe('flattenConfig', () => {
  it('names layers, keeps lists of words on one line and shows what is off', () => {
    const config = {
      net: { lrn: null, layers: [{ name: 'conv1', width: 96, then: ['activation', 'pool'] }] },
      devices: ['cpu', 'cpu'],
      actions: [],
    };
    expect(flattenConfig(config).map(({ path, text }) => `${path}=${text}`)).toEqual([
      'net.lrn=null',
      'net.layers.conv1.name=conv1',
      'net.layers.conv1.width=96',
      'net.layers.conv1.then=activation, pool',
      'devices=cpu, cpu',
      'actions=none',
    ]);
  });
});
