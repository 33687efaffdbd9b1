import { describe, expect, it } from 'vitest';
import { parallelismSchema } from '../../../main/api/run-config.ts';
import { fewerDevices, fitDevices, moreDevices, pairsNote, roleOf, sharings } from './device-sharing.ts';

describe('device sharing', () => {
  it('has every kind for two columns, and no pairs for one', () => {
    expect(sharings(2).map(({ value }) => value)).toEqual(parallelismSchema.options);
    expect(sharings(1).map(({ value }) => value)).toEqual(['columns', 'data', 'hybrid']);
  });

  const three = ['cuda:0', 'cuda:1', 'cuda:2'];
  const [first, second, third] = three as [string, string, string];

  it('keeps as many of the devices as suit', () => {
    expect(fitDevices('data', three, 2, three)).toEqual(three);
    expect(fitDevices('columns', three, 2, three)).toEqual([first, second]);
    expect(fitDevices('columns', three, 1, three)).toEqual([first]);
    expect(fitDevices('hybrid', [first, second, first, second], 2, three)).toEqual([first, second]);
    expect(fitDevices('data', [first, first], 2, three)).toEqual([first, first]);
  });

  it('takes two of three GPUs in pairs, for a pair needs two', () => {
    expect(fitDevices('pairs', three, 2, three)).toEqual([first, second]);
    expect(fitDevices('pairs', [first], 2, three)).toEqual([first, second]);
    expect(fitDevices('pairs', [third], 2, three)).toEqual([third, first]);
    expect(fitDevices('pairs', [first], 2, [first])).toEqual([first, first]);
    expect(fitDevices('pairs', ['cpu'], 2, ['cpu', first])).toEqual(['cpu', 'cpu']);
    expect(fitDevices('pairs', [], 2, [])).toEqual(['cpu', 'cpu']);
    // Both columns on one GPU and again on another would wait for each other.
    expect(fitDevices('pairs', [first, second, second, first], 2, three)).toEqual([first, second]);
    expect(pairsNote('pairs', three)).toBe('A pair takes two GPUs: 2 of the 3 here can be used.');
    expect(pairsNote('pairs', ['cpu', ...three, 'cuda:3'])).toBe('');
    expect(pairsNote('pairs', ['cpu', first])).toBe('');
    expect(pairsNote('data', three)).toBe('');
  });

  it('grows by whole copies to lists that work, and no further', () => {
    expect(moreDevices('columns', [first], 2, three)).toEqual([first, second]);
    expect(moreDevices('columns', [first], 2, [first])).toEqual([first, first]);
    expect(moreDevices('columns', [first, second], 2, three)).toBeUndefined();
    expect(moreDevices('columns', [first], 1, three)).toBeUndefined();
    expect(moreDevices('data', [second], 2, three)).toEqual([second, first]);
    expect(moreDevices('data', three, 2, three)).toBeUndefined();
    expect(moreDevices('pairs', [first, second], 2, three)).toBeUndefined();
    expect(moreDevices('pairs', [first, second], 2, [...three, 'cuda:3'])).toEqual([...three, 'cuda:3']);
    // To try it out all copies may be on the same devices.
    expect(moreDevices('data', [first], 2, [first])).toEqual([first, first]);
    expect(moreDevices('data', [first, first], 2, three)).toEqual([first, first, first]);
    expect(moreDevices('pairs', [first, second], 2, [first, second])).toEqual([first, second, first, second]);
    expect(moreDevices('hybrid', ['cpu'], 1, ['cpu', first])).toEqual(['cpu', 'cpu']);
    expect(moreDevices('data', new Array(15).fill('cpu'), 1, ['cpu'])).toHaveLength(16);
    expect(moreDevices('data', new Array(16).fill('cpu'), 1, ['cpu'])).toBeUndefined();
  });

  it('shrinks by whole copies', () => {
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
