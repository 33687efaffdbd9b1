// Grad-CAM (Selvaraju et al. 2017): where in a layer's maps a class finds what speaks for it.
import type { NativeMaps } from './addon.ts';
import type { Heat } from './inspect-questions.ts';

/**
 * ReLU of the sum over the maps, each weighted by the mean of the class's gradient to it (equations 1 and 2).
 * Both have the same shape.
 */
export function gradCam(maps: NativeMaps, gradient: NativeMaps): Heat {
  const { channels, height, width } = maps;
  const area = height * width;
  const sums = new Float64Array(area);
  for (let channel = 0; channel < channels; channel += 1) {
    const own = gradient.values.subarray(channel * area, (channel + 1) * area);
    const weight = own.reduce((sum, value) => sum + value, 0) / area;
    for (let i = 0; i < area; i += 1)
      sums[i] = (sums[i] ?? 0) + weight * (maps.values[channel * area + i] ?? 0);
  }
  const values = Float32Array.from(sums, (value) => Math.max(0, value));
  return { height, width, values, largest: values.reduce((most, value) => Math.max(most, value), 0) };
}
