// A part of the confusion table in as many cells as a screen can show: several classes share one where there are
// more.
import type { EvaluationSummary } from '../../api/evaluation.ts';
import type { ConfusionMap } from '../../api/operations/evaluations.ts';

export interface MapPart {
  fromRow: number;
  /** Exclusive; beyond the last class: the last. */
  toRow: number;
  fromColumn: number;
  toColumn: number;
  /** Cells a side at most. */
  cells: number;
}

export function confusionMap(summary: EvaluationSummary, part: MapPart): ConfusionMap {
  const classes = summary.classImages.length;
  const within = (place: number) => Math.min(Math.max(0, place), classes);
  const [fromRow, toRow] = [within(part.fromRow), within(part.toRow)];
  const [fromColumn, toColumn] = [within(part.fromColumn), within(part.toColumn)];
  const widest = Math.max(1, toRow - fromRow, toColumn - fromColumn);
  const classesPerCell = Math.ceil(widest / part.cells);
  const columns = Math.ceil(Math.max(0, toColumn - fromColumn) / classesPerCell);
  const counts = new Map<number, number>();
  for (const [truth, answer, images] of summary.confusion) {
    if (truth < fromRow || truth >= toRow || answer < fromColumn || answer >= toColumn) continue;
    const row = Math.floor((truth - fromRow) / classesPerCell);
    const cell = row * columns + Math.floor((answer - fromColumn) / classesPerCell);
    counts.set(cell, (counts.get(cell) ?? 0) + images);
  }
  const rowImages = (row: number) => {
    let images = 0;
    const begin = fromRow + row * classesPerCell;
    const end = Math.min(toRow, begin + classesPerCell);
    for (let label = begin; label < end; label++) images += summary.classImages[label] ?? 0;
    return images;
  };
  const cells = [...counts].map(([cell, images]): [number, number, number, number] => {
    const row = Math.floor(cell / columns);
    return [row, cell % columns, images, images / (rowImages(row) || 1)];
  });
  return { classes, fromRow, toRow, fromColumn, toColumn, classesPerCell, cells };
}
