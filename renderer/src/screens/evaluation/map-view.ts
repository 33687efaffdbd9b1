// The part of the confusion table that is shown: a square of classes, always inside the table; and what stands at its
// edges.

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

export interface MapEdges {
  /** Names along the top as they are read, or upright; numbers where names could not be read. */
  kind: 'names' | 'upright' | 'numbers';
  /** Pixels beside the map and above it. */
  left: number;
  top: number;
  /** Pixels of the map itself, each way. */
  side: number;
}

const smallestSide = 200;
/** Pixels of a class: for a name along the top, and for one that is written beside its row or upright. */
const widthOfName = 90;
const heightOfName = 11;
const pixelsBetweenNumbers = 36;

/** For a map of `size` classes each way in so many pixels. */
export function mapEdges(width: number, height: number, size: number): MapEdges {
  const edges = (kind: MapEdges['kind'], left: number, top: number): MapEdges => {
    const side = Math.max(smallestSide, Math.floor(Math.min(width - left, height - top)));
    return { kind, left, top, side };
  };
  const names = edges('names', 150, 22);
  if (names.side / size >= widthOfName) return names;
  const upright = edges('upright', 150, 100);
  if (upright.side / size >= heightOfName) return upright;
  return edges('numbers', 44, 20);
}

/** The classes whose numbers stand at an edge that shows `size` classes from `from` on: round ones, not too close. */
export function edgeNumbers(from: number, size: number, side: number): number[] {
  const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];
  const step = steps.find((one) => (one * side) / size >= pixelsBetweenNumbers) ?? size;
  const first = Math.ceil(from / step) * step;
  return Array.from({ length: Math.ceil((from + size - first) / step) }, (_, i) => first + i * step);
}
