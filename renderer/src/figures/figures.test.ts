import { describe, expect, it } from 'vitest';
import { answersFigure } from './answers-figure.ts';
import { type Figure, fitText } from './figure.ts';
import { kernelsFigure } from './kernels-figure.ts';
import { neighboursFigure } from './neighbours-figure.ts';
import { figureHtml, figureSvg } from './save-figure.ts';

const predictions = [
  { class: 3, name: 'leopard', probability: 0.6 },
  { class: 1, name: 'jaguar <spotted>', probability: 0.3 },
];
const photos = Array.from({ length: 5 }, (_, i) => ({
  image: `/images/photo/p${i}`,
  title: `photo ${i}.jpg`,
  trueClass: i === 4 ? null : { class: 1, name: 'jaguar <spotted>' },
  predictions,
}));

function inside({ width, height, items }: Figure): boolean {
  return items.every(({ x, y }) => x >= 0 && y >= 0 && x <= width && y <= height);
}

describe('photos with answers', () => {
  const figure = answersFigure(photos, 4);

  it('hold every photo, with bars as long as the probability, the true class in another colour', () => {
    expect(figure.items.filter(({ kind }) => kind === 'picture')).toHaveLength(5);
    const bars = figure.items.filter((item) => item.kind === 'bar');
    expect(bars).toHaveLength(10);
    expect(bars[0]?.tone).toBe('bar');
    expect(bars[1]?.tone).toBe('good');
    expect((bars[0]?.width ?? 0) / (bars[1]?.width ?? 1)).toBeCloseTo(2, 6);
    expect(bars.slice(-2).every(({ tone }) => tone === 'bar')).toBe(true);
    expect(inside(figure)).toBe(true);
  });

  it('are saved whole: photos inside, texts as texts', () => {
    const addresses = new Map(photos.map(({ image }) => [image, `data:image/jpeg;base64,${image}`]));
    const svg = figureSvg(figure, addresses);
    expect(svg).toContain('jaguar &lt;spotted&gt;');
    expect(svg.match(/<image /g)).toHaveLength(5);
    expect(svg).not.toMatch(/href="(?!data:)/);
    expect(figureHtml(figure, addresses)).toContain(svg);
  });
});

it('neighbours stand right of their query, of the same class in another colour', () => {
  const neighbours = Array.from({ length: 6 }, (_, i) => ({
    image: `/n${i}`,
    className: i < 4 ? 'tench' : 'church',
    distance: i,
  }));
  const figure = neighboursFigure([{ image: '/q', title: 'q.jpg', trueClass: 'tench', neighbours }]);
  const pictures = figure.items.filter((item) => item.kind === 'picture');
  expect(pictures).toHaveLength(7);
  expect(pictures.slice(1).every(({ x }) => x > (pictures[0]?.x ?? 0))).toBe(true);
  expect(figure.items.filter((item) => item.kind === 'label' && item.tone === 'good')).toHaveLength(4);
  expect(inside(figure)).toBe(true);
});

it('kernels say how much of each column is colour', () => {
  const figure = kernelsFigure({
    image: '/k',
    width: 193,
    height: 73,
    columns: 2,
    kernels: 96,
    size: 11,
    step: 590,
    epoch: 10,
    colourShare: [0.12, 0.71],
  });
  const texts = figure.items.flatMap((item) => (item.kind === 'label' ? [item.text] : []));
  expect(texts).toEqual(['Epoch 10, step 590', 'Column 0: 12 % colour', 'Column 1: 71 % colour']);
  expect(inside(figure)).toBe(true);
});

it('texts are cut to what fits', () => {
  expect(fitText('short', 100, 11)).toBe('short');
  const cut = fitText('a very long name of a class, with all its synonyms', 100, 11);
  expect(cut.length).toBeLessThan(20);
  expect(cut.endsWith('…')).toBe(true);
});
