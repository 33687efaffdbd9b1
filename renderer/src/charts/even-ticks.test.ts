import { expect, it } from 'vitest';
import { evenTicks } from './even-ticks.ts';

const values = (...list: number[]) => evenTicks(list.map((value) => ({ value }))).map(({ value }) => value);

it('leaves out an odd number at the end', () => {
  expect(values(0, 10, 20, 30, 40, 50, 52)).toEqual([0, 10, 20, 30, 40, 50]);
  expect(values(0, 0.1, 0.2, 0.30000000000000004)).toEqual([0, 0.1, 0.2, 0.30000000000000004]);
  expect(values(0, 10, 20, 30)).toEqual([0, 10, 20, 30]);
  expect(values(0, 49)).toEqual([0, 49]);
  expect(values()).toEqual([]);
});
