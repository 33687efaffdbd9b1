import { describe, expect, it } from 'vitest';
import { getAt, sameValue, setAt } from './paths.ts';

const config = {
  epochs: 90,
  net: {
    lrn: null,
    layers: [
      { name: 'conv1', width: 96 },
      { name: 'conv2', width: 256 },
    ],
  },
};

describe('paths', () => {
  it('reads fields, and layers by name or place', () => {
    expect(getAt(config, 'net.layers.conv2.width')).toBe(256);
    expect(getAt(config, 'net.layers.0.width')).toBe(96);
    expect(getAt(config, 'net.lrn.size')).toBeUndefined();
  });

  it('changes a copy', () => {
    const changed = setAt(config, 'net.layers.conv1.width', 64);
    expect(getAt(changed, 'net.layers.conv1.width')).toBe(64);
    expect(getAt(config, 'net.layers.conv1.width')).toBe(96);
    expect(getAt(changed, 'net.layers.conv2')).toBe(getAt(config, 'net.layers.conv2'));
  });

  it('takes a field away with undefined', () => {
    expect(setAt(config, 'epochs', undefined)).toEqual({ net: config.net });
  });

  it('compares by value', () => {
    expect(sameValue({ a: [1] }, { a: [1] })).toBe(true);
    expect(sameValue(1, '1')).toBe(false);
  });
});
