import { expect, test } from 'vitest';
import { gradCam } from './grad-cam.ts';

test('each map counts by the mean of its gradient; what speaks against the class counts as nothing', () => {
  const shape = { channels: 2, height: 1, width: 3 };
  const maps = { ...shape, values: Float32Array.of(1, 2, 0, 5, 0, 1) };
  const gradient = { ...shape, values: Float32Array.of(3, 0, 3, -1, -1, -1) };
  // Weights 2 and -1.
  const heat = gradCam(maps, gradient);
  expect([...heat.values]).toEqual([0, 4, 0]);
  expect(heat).toMatchObject({ height: 1, width: 3, largest: 4 });
});
