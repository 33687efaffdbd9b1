// The part of the confusion table that is shown: a square of classes, always inside the table.

export interface MapView {
  row: number;
  column: number;
  /** Classes each way. */
  size: number;
}

/** Fewer classes than this are not zoomed into. */
const least = 8;

export function wholeView(classes: number): MapView {
  return { row: 0, column: 0, size: Math.max(1, classes) };
}

function inside(at: number, size: number, classes: number): number {
  return Math.max(0, Math.min(Math.round(at), classes - size));
}

export function moveView(view: MapView, rows: number, columns: number, classes: number): MapView {
  return {
    row: inside(view.row + rows, view.size, classes),
    column: inside(view.column + columns, view.size, classes),
    size: view.size,
  };
}

/** `by` below 1 goes closer; the class at (row, column) stays where it is on the screen as far as the edges allow. */
export function zoomView(view: MapView, by: number, row: number, column: number, classes: number): MapView {
  const size = Math.round(Math.max(Math.min(least, classes), Math.min(classes, view.size * by)));
  const shift = (at: number, from: number) => at - ((at - from) / view.size) * size;
  return {
    row: inside(shift(row, view.row), size, classes),
    column: inside(shift(column, view.column), size, classes),
    size,
  };
}
