import { describe, expect, it } from 'vitest';
import {
  ago,
  amount,
  bytes,
  compact,
  count,
  duration,
  loss,
  percent,
  plural,
  rate,
  timeLeft,
} from './format.ts';

describe('numbers', () => {
  it('shows what is unknown or not finite as a dash', () => {
    for (const show of [percent, count, compact, amount, loss, bytes, duration, rate]) {
      expect(show(null)).toBe('–');
      expect(show(Number.NaN)).toBe('–');
      expect(show(Number.POSITIVE_INFINITY)).toBe('–');
    }
  });

  it('keeps units readable from bytes to terabytes', () => {
    expect(
      [0, 999, 999.6, 1_500, 99_600, 1_000_000, 243_860_896, 1.3e12].map((value) => bytes(value)),
    ).toEqual(['0 B', '999 B', '1.0 kB', '1.5 kB', '100 kB', '1.0 MB', '244 MB', '1.3 TB']);
  });

  it('shortens what is too many to count', () => {
    expect([0, 960, 34_944, 105_415_200, 1_054_000_000, 4.11e9].map((value) => amount(value))).toEqual([
      '0',
      '960',
      '34.9 k',
      '105 M',
      '1.05 G',
      '4.11 G',
    ]);
  });

  it('writes small and large settings as people type them', () => {
    expect([0.0001, 0.0005, 0.01, 0, 0.9, 128, 60_965_224].map((value) => compact(value))).toEqual([
      '1e-4',
      '5e-4',
      '0.01',
      '0',
      '0.9',
      '128',
      '6.097e7',
    ]);
  });

  it('counts one and many', () => {
    expect(plural(1, 'image')).toBe('1 image');
    expect(plural(8500, 'image')).toBe('8,500 images');
    expect(plural(2, 'class', 'classes')).toBe('2 classes');
  });
});

describe('times', () => {
  it('grows coarser with length', () => {
    expect([12, 420, 42_000, 200_000, 18_120_000, 183_600_000].map((ms) => duration(ms))).toEqual([
      '12 ms',
      '0.4 s',
      '42 s',
      '3 min 20 s',
      '5 h 2 min',
      '2 d 3 h',
    ]);
    expect([1_000, 31_000, 61_000, 5 * 3_600_000 + 1].map((ms) => timeLeft(ms))).toEqual([
      'a few seconds left',
      '35 s left',
      '2 min left',
      '5 h 1 min left',
    ]);
    expect(timeLeft(null)).toBe('');
  });

  it('says how long ago', () => {
    const now = Date.UTC(2026, 0, 31, 12);
    expect([0, 5, 200, 3000].map((minutes) => ago(now - minutes * 60_000, now))).toEqual([
      'just now',
      '5 min ago',
      '3 h ago',
      '2 d ago',
    ]);
    expect(ago(now - 30 * 86_400_000, now)).toBe('2026-01-01');
  });
});
