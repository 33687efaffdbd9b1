import { describe, expect, it } from 'vitest';
import { type TickStyle, tickText } from './tick-text.ts';

const axis = (values: number[], style: TickStyle = 'number') =>
  values.map((value) =>
    tickText(
      value,
      values.map((one) => ({ value: one })),
      style,
    ),
  );

describe('tickText', () => {
  it('tells ticks apart that lie close together', () => {
    expect(axis([1.384, 1.3845, 1.385])).toEqual(['1.3840', '1.3845', '1.3850']);
    expect(axis([0.62, 0.64, 0.66], 'percent')).toEqual(['62 %', '64 %', '66 %']);
    expect(axis([0.1, 0.105, 0.11], 'percent')).toEqual(['10.0 %', '10.5 %', '11.0 %']);
  });

  it('has no digits that say nothing', () => {
    expect(axis([0.9375, 0.9375 + 1e-12], 'percent')).toEqual(['93.75 %', '93.75 %']);
    expect(axis([0, 500, 1000])).toEqual(['0', '500', '1,000']);
    expect(axis([0, 0.5, 1])).toEqual(['0.0', '0.5', '1.0']);
    expect(axis([0.01, 0.001, 0.0001], 'exponent')).toEqual(['0.01', '0.001', '1e-4']);
  });
});
