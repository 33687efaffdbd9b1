// What a data-table shows.

export interface Column<T> {
  key: string;
  title: string;
  /** A grid track; default: an equal share of what is left. */
  width?: string;
  align?: 'left' | 'right';
  mono?: boolean;
  sortable?: boolean;
  hint?: string;
  /** Left out where there is no room for all columns, the highest first; without it a column stays. */
  dispensable?: number;
  /** The cell's text, where no slot of the key draws it. */
  text?: (row: T) => string;
  /** What rows are sorted by; default: the text. */
  value?: (row: T) => string | number | null;
}

export interface Sort {
  key: string;
  descending: boolean;
}

/** A column of figures, sorted by what they are and not by how they are written. `width` in pixels. */
export function figureColumn<T>(
  key: string,
  title: string,
  width: number,
  figure: (row: T) => number | null,
  show: (value: number | null) => string,
  more: Pick<Column<T>, 'sortable' | 'dispensable' | 'hint'> = {},
): Column<T> {
  return {
    key,
    title,
    width: `${width}px`,
    align: 'right',
    text: (row) => show(figure(row)),
    value: figure,
    ...more,
  };
}

/** The sum of the columns' least widths, in pixels. */
export function leastWidth(columns: readonly { width?: string }[]): number {
  return columns.reduce(
    (sum, { width = 'minmax(90px, 1fr)' }) => sum + Number(/(\d+)px/.exec(width)?.[1] ?? 0),
    0,
  );
}

/** Those that stay in a table so many pixels wide. What cannot be left out may still be wider than that. */
export function fittingColumns<One extends { width?: string; dispensable?: number }>(
  columns: readonly One[],
  width: number,
): One[] {
  const fitting = [...columns];
  const leaving = columns
    .filter(({ dispensable }) => dispensable !== undefined)
    .sort((a, b) => (b.dispensable ?? 0) - (a.dispensable ?? 0));
  for (const column of leaving) {
    if (leastWidth(fitting) <= width) break;
    fitting.splice(fitting.indexOf(column), 1);
  }
  return fitting;
}

/**
 * Where the columns that stay in sight begin, in pixels, while the others are scrolled sideways: up to the first with a
 * title, which says what a row is.
 */
export function pinnedPlaces(columns: readonly { title: string; width?: string }[], begin: number): number[] {
  const count = columns.findIndex(({ title }) => title !== '') + 1;
  return columns.slice(0, count).map((_, index) => begin + leastWidth(columns.slice(0, index)));
}

/** A sorted copy; what has no value comes last either way. */
export function sortRows<T>(rows: readonly T[], columns: readonly Column<T>[], sort: Sort | null): T[] {
  const column = sort === null ? undefined : columns.find(({ key }) => key === sort.key);
  if (sort === null || column === undefined) return [...rows];
  const value = column.value ?? ((row: T) => column.text?.(row) ?? null);
  const direction = sort.descending ? -1 : 1;
  return rows
    .map((row) => ({ row, key: value(row) }))
    .sort((a, b) => {
      if (a.key === null || b.key === null) return Number(a.key === null) - Number(b.key === null);
      if (typeof a.key === 'number' && typeof b.key === 'number') return direction * (a.key - b.key);
      return direction * String(a.key).localeCompare(String(b.key), 'en', { numeric: true });
    })
    .map(({ row }) => row);
}
