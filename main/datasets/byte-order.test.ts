import { describe, expect, it } from 'vitest';
import { compareBytes } from './byte-order.ts';

describe('compareBytes', () => {
  it('orders like the UTF-8 bytes do, for every pair of awkward names', () => {
    const names = [
      '',
      'a',
      'A',
      'ab',
      'B',
      'a/b',
      'a.b',
      'é',
      'z',
      '写真',
      '\u{FF21}',
      '\u{1F415}',
      '\u{E000}',
      '-x',
      '10',
      '9',
    ];
    for (const a of names) {
      for (const b of names) {
        const bytes = Buffer.compare(Buffer.from(a), Buffer.from(b));
        expect(Math.sign(compareBytes(a, b)), `${a} against ${b}`).toBe(bytes);
      }
    }
  });

  it('differs from JavaScript where a character lies beyond U+FFFF', () => {
    expect(['\u{1F415}', '\u{FF21}'].sort()).toEqual(['\u{1F415}', '\u{FF21}']);
    expect(['\u{1F415}', '\u{FF21}'].sort(compareBytes)).toEqual(['\u{FF21}', '\u{1F415}']);
  });
});
