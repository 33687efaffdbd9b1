import { describe, expect, it } from 'vitest';
import { compareWithClaim } from './self-check.ts';

const claim = { top1Error: 0.4348, top5Error: 0.2093 };
const check = (images: number, top1Error: number, top5Error = 0.21) =>
  compareWithClaim({ images, top1Error, top5Error }, claim);

describe('a self-check', () => {
  it('allows for chance in few images, and for little in many', () => {
    expect(check(200, 0.49)).toMatchObject({ agrees: true, advice: '' });
    expect(check(50_000, 0.44).agrees).toBe(true);
    expect(check(50_000, 0.46).agrees).toBe(false);
    expect(check(50_000, 0.436, 0.26).agrees).toBe(false);
  });

  it('allows for a choice of classes, and for none where all are there', () => {
    const some = (matchedClasses: number) =>
      compareWithClaim(
        { images: 50_000, top1Error: 0.53, top5Error: 0.21, matchedClasses, classes: 1000 },
        claim,
      );
    expect(some(10)).toMatchObject({ agrees: true });
    expect(some(10).allowance).toBeCloseTo(2 * Math.sqrt(0.04 * 0.099 + 0.2457 / 50_000) + 0.015, 4);
    expect(some(1000).agrees).toBe(false);
    expect(some(1000).allowance).toBe(check(50_000, 0.53).allowance);
  });

  it('says what to look at', () => {
    expect(check(1000, 0.999, 0.99).advice).toContain('order of the classes');
    expect(check(1000, 0.6, 0.35).advice).toContain('--channels');
    expect(check(1000, 0.2, 0.05).advice).toContain('trained on');
  });
});
