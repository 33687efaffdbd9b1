import { describe, expect, it } from 'vitest';
import { parseTriple } from './triple.ts';

describe('parseTriple', () => {
  it('reads three numbers with commas or spaces', () => {
    expect(parseTriple('0.485, 0.456,0.406')).toEqual([0.485, 0.456, 0.406]);
    expect(parseTriple(' 124 117 104 ')).toEqual([124, 117, 104]);
  });

  it('refuses anything else', () => {
    for (const text of ['', '1, 2', '1, 2, 3, 4', '1, x, 3']) expect(parseTriple(text)).toBeUndefined();
  });
});
