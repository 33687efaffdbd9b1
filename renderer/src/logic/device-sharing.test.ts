import { describe, expect, it } from 'vitest';
import { parallelismSchema } from '../../../main/api/run-config.ts';
import { fewerDevices, fitDevices, moreDevices, roleOf, sharings } from './device-sharing.ts';

describe('device sharing', () => {
  it('has every kind for two columns, and no pairs for one', () => {
    expect(sharings(2).map(({ value }) => value)).toEqual(parallelismSchema.options);
    expect(sharings(1).map(({ value }) => value)).toEqual(['columns', 'data', 'hybrid']);
  });

  it('keeps as many of the devices as suit', () => {
    const three = ['cuda:0', 'cuda:1', 'cuda:2'];
    expect(fitDevices('data', three, 2)).toEqual(three);
    expect(fitDevices('columns', three, 2)).toEqual(['cuda:0', 'cuda:1']);
    expect(fitDevices('columns', three, 1)).toEqual(['cuda:0']);
    expect(fitDevices('pairs', three, 2)).toEqual([...three, 'cuda:2']);
    expect(fitDevices('pairs', [], 2)).toEqual(['cpu', 'cpu']);
  });

  it('grows and shrinks by whole copies', () => {
    expect([1, 2].map((count) => moreDevices('columns', count, 2))).toEqual([1, 0]);
    expect([2, 16].map((count) => moreDevices('pairs', count, 2))).toEqual([2, 0]);
    expect([15, 16].map((count) => moreDevices('data', count, 1))).toEqual([1, 0]);
    expect([1, 2].map((count) => fewerDevices('data', count))).toEqual([0, 1]);
    expect([2, 4].map((count) => fewerDevices('pairs', count))).toEqual([0, 2]);
  });

  it('says what each one does', () => {
    expect(roleOf('columns', 0, 1, 2)).toBe('both columns');
    expect(roleOf('columns', 1, 2, 2)).toBe('column 1');
    expect(roleOf('pairs', 3, 4, 2)).toBe('copy 2, column 1');
    expect(roleOf('data', 2, 3, 1)).toBe('copy 3');
    expect(roleOf('hybrid', 0, 2, 1)).toBe('part 1');
  });
});
