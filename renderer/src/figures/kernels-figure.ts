// The paper's figure 3: the first convolution's kernels, each column of the net by itself.
import { percent } from '../logic/format.ts';
import type { Figure } from './figure.ts';

export interface KernelsView {
  image: string;
  width: number;
  height: number;
  columns: number;
  kernels: number;
  size: number;
  step: number;
  epoch: number;
  colourShare: readonly number[];
}

const scale = 4;
const margin = 12;

export function kernelsFigure(view: KernelsView): Figure {
  const width = view.width * scale;
  const height = view.height * scale;
  const part = height / view.columns;
  const names = view.colourShare.map(
    (share, column) => `${view.columns > 1 ? `Column ${column}: ` : ''}${percent(share, 0)} colour`,
  );
  return {
    title: `${view.kernels} kernels of ${view.size}x${view.size} after epoch ${view.epoch}`,
    width: width + 2 * margin,
    height: height + 2 * margin + 20 + names.length * 18,
    items: [
      {
        kind: 'picture',
        x: margin,
        y: margin,
        width,
        height,
        source: view.image,
        title: `${view.kernels} kernels of the first convolution after step ${view.step}`,
        pixelated: true,
      },
      ...Array.from({ length: view.columns - 1 }, (_, i) => ({
        kind: 'bar' as const,
        x: margin,
        y: margin + (i + 1) * part - 1,
        width,
        height: 2,
        tone: 'line' as const,
      })),
      {
        kind: 'label',
        x: margin,
        y: margin + height + 20,
        text: `Epoch ${view.epoch}, step ${view.step}`,
        size: 13,
        tone: 'text',
        anchor: 'start',
        bold: true,
      },
      ...names.map((text, i) => ({
        kind: 'label' as const,
        x: margin,
        y: margin + height + 38 + i * 18,
        text,
        size: 13,
        tone: 'soft' as const,
        anchor: 'start' as const,
      })),
    ],
  };
}
