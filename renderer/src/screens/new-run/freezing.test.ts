import { describe, expect, it } from 'vitest';
import { smallConfig } from '../../../../main/api/test-config.ts';
import { freezesFromStart, withFrozen } from './freezing.ts';

describe('layers that are frozen from the start', () => {
  it('are actions before the first epoch, and others stay', () => {
    const later = { epoch: 5, kind: 'freeze' as const, layer: 'conv1' };
    const actions = withFrozen(withFrozen([later], 'conv1', true), 'conv2', true);
    expect(actions).toHaveLength(3);
    const config = smallConfig();
    const frozen = (list: typeof actions) =>
      [...freezesFromStart({ ...config, optimiser: { ...config.optimiser, actions: list } })].sort();
    expect(frozen(actions)).toEqual(['conv1', 'conv2']);
    expect(frozen(withFrozen(actions, 'conv1', false))).toEqual(['conv2']);
    expect(withFrozen(actions, 'conv2', false)).toContainEqual(later);
    expect(withFrozen(actions, 'conv1', true)).toHaveLength(3);
  });
});
