import { describe, expect, it } from 'vitest';
import { heatColour } from './heat-colour.ts';
import { occlusionHeat } from './occlusion-map.ts';

describe('occlusion', () => {
  const view = { positions: 2, side: 48, whole: 0.8, probabilities: [0.2, 0.8, 0.9, 0.5] };

  it('shows how far the probability falls, beside the largest fall', () => {
    const heat = occlusionHeat(view, 224);
    expect(heat.values.map((value) => Math.round(value * 100))).toEqual([100, 0, 0, 50]);
    expect(heat.largestFall).toBeCloseTo(0.6, 9);
    expect(occlusionHeat({ ...view, probabilities: [0.9, 0.9, 0.9, 0.9] }, 224).values).toEqual([0, 0, 0, 0]);
  });

  it('puts each value at the middle of its square', () => {
    const { inset } = occlusionHeat({ ...view, positions: 12, side: 48 }, 224);
    // Squares begin 16 apart: the first is centred at 24, its cell reaches from 16 on.
    expect(inset).toBeCloseTo(16 / 224, 9);
  });
});

it('colours grow lighter with the value', () => {
  const light = ([r, g, b]: [number, number, number]) => 0.3 * r + 0.6 * g + 0.1 * b;
  const steps = [0, 0.2, 0.4, 0.6, 0.8, 1].map((value) => light(heatColour(value)));
  expect(steps).toEqual([...steps].sort((a, b) => a - b));
  expect(heatColour(-1)).toEqual(heatColour(0));
  expect(heatColour(Number.NaN)).toEqual(heatColour(0));
});
