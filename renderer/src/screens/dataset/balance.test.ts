import { describe, expect, it } from 'vitest';
import { balanceBins } from './balance.ts';

describe('balanceBins', () => {
  it('counts every class once, in bins of round width', () => {
    const images = Array.from({ length: 1000 }, (_, i) => 732 + (i % 569));
    const bins = balanceBins(images);
    expect(bins.reduce((sum, { classes }) => sum + classes, 0)).toBe(1000);
    expect(bins.length).toBeLessThanOrEqual(24);
    expect(bins[0]).toMatchObject({ from: 700, to: 749 });
  });

  it('shows equal classes as one bar, and nothing for no classes', () => {
    expect(balanceBins([850, 850, 850])).toEqual([{ from: 850, to: 850, classes: 3 }]);
    expect(balanceBins([])).toEqual([]);
  });

  it('keeps small counts apart', () => {
    expect(balanceBins([1, 2, 2, 4]).map(({ classes }) => classes)).toEqual([1, 2, 0, 1]);
  });
});
