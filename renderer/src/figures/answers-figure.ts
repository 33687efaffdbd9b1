// The paper's figure 4, left: photos with their true class and the five classes that the net finds most probable.
import type { NamedPrediction } from '../../../main/api/predictions.ts';
import { percent } from '../logic/format.ts';
import { type Figure, fitText } from './figure.ts';

export interface AnsweredPhoto {
  image: string;
  title: string;
  /** The true class, where it is known. */
  trueClass: { class: number; name: string } | null;
  predictions: readonly NamedPrediction[];
}

const cell = 190;
const photo = 164;
const gap = 14;
const line = 19;
const shown = 5;

export function answersFigure(photos: readonly AnsweredPhoto[], perRow: number): Figure {
  const columns = Math.max(1, Math.min(perRow, photos.length));
  const cellHeight = photo + 28 + shown * line + 16;
  const figure: Figure = {
    title: 'Photos with the five classes that the net finds most probable',
    width: columns * (cell + gap) + gap,
    height: Math.ceil(photos.length / columns) * (cellHeight + gap) + gap,
    items: [],
  };
  photos.forEach((one, index) => {
    const left = gap + (index % columns) * (cell + gap);
    const top = gap + Math.floor(index / columns) * (cellHeight + gap);
    const middle = left + cell / 2;
    figure.items.push({
      kind: 'picture',
      x: middle - photo / 2,
      y: top,
      width: photo,
      height: photo,
      source: one.image,
      title: one.title,
    });
    figure.items.push({
      kind: 'label',
      x: middle,
      y: top + photo + 18,
      text: fitText(one.trueClass?.name ?? one.title, cell, 13),
      size: 13,
      tone: one.trueClass === null ? 'soft' : 'text',
      anchor: 'middle',
      bold: true,
    });
    one.predictions.slice(0, shown).forEach((prediction, place) => {
      const y = top + photo + 28 + place * line;
      const isTrue = prediction.class === one.trueClass?.class;
      figure.items.push({
        kind: 'bar',
        x: left,
        y: y + 1,
        width: Math.max(1, prediction.probability * cell),
        height: line - 4,
        tone: isTrue ? 'good' : 'bar',
      });
      figure.items.push({
        kind: 'label',
        x: left + 5,
        y: y + 12,
        text: fitText(prediction.name, cell - 46, 11),
        size: 11,
        tone: 'text',
        anchor: 'start',
      });
      figure.items.push({
        kind: 'label',
        x: left + cell - 4,
        y: y + 12,
        text: percent(prediction.probability, 0),
        size: 11,
        tone: 'text',
        anchor: 'end',
      });
    });
  });
  return figure;
}
