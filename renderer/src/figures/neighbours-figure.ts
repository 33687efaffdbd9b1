// The paper's figure 4, right: photos in the first column, beside each the training images nearest to it.
import { compact } from '../logic/format.ts';
import { type Figure, fitText } from './figure.ts';

export interface QueryRow {
  image: string;
  /** Its class where it is known, else its name. */
  title: string;
  trueClass: string | null;
  neighbours: readonly { image: string; className: string; distance: number }[];
}

const side = 112;
const gap = 10;
const caption = 32;
/** Between the queries and what was found. */
const divide = 18;

export function neighboursFigure(rows: readonly QueryRow[]): Figure {
  const most = Math.max(0, ...rows.map(({ neighbours }) => neighbours.length));
  const figure: Figure = {
    title: 'Photos and the training images nearest to them',
    width: gap + side + divide + most * (side + gap) + gap,
    height: gap + rows.length * (side + caption + gap),
    items: [],
  };
  rows.forEach((row, index) => {
    const top = gap + index * (side + caption + gap);
    const place = (
      x: number,
      image: string,
      title: string,
      tone: 'text' | 'good' | 'soft',
      below: string,
    ) => {
      figure.items.push({ kind: 'picture', x, y: top, width: side, height: side, source: image, title });
      figure.items.push({
        kind: 'label',
        x: x + side / 2,
        y: top + side + 14,
        text: fitText(title, side, 11),
        size: 11,
        tone,
        anchor: 'middle',
        bold: tone === 'text',
      });
      if (below !== '')
        figure.items.push({
          kind: 'label',
          x: x + side / 2,
          y: top + side + 27,
          text: below,
          size: 10,
          tone: 'soft',
          anchor: 'middle',
        });
    };
    place(gap, row.image, row.trueClass ?? row.title, 'text', '');
    row.neighbours.forEach(({ image, className, distance }, i) => {
      const same = className === row.trueClass;
      place(
        gap + side + divide + i * (side + gap),
        image,
        className,
        same ? 'good' : 'soft',
        compact(distance),
      );
    });
    figure.items.push({
      kind: 'bar',
      x: gap + side + divide / 2 + 1,
      y: top,
      width: 1,
      height: side,
      tone: 'line',
    });
  });
  return figure;
}
