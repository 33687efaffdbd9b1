import { describe, expect, it } from 'vitest';
import { percent } from '../logic/format.ts';
import {
  type Column,
  figureColumn,
  fittingColumns,
  leastWidth,
  pinnedPlaces,
  sortRows,
} from './table-types.ts';

interface Row {
  name: string;
  error: number | null;
}
const columns: Column<Row>[] = [
  { key: 'name', title: 'Name', text: ({ name }) => name },
  { key: 'error', title: 'Error', text: ({ error }) => String(error), value: ({ error }) => error },
];
const rows: Row[] = [
  { name: 'run 10', error: 0.4 },
  { name: 'run 9', error: null },
  { name: 'run 2', error: 0.1 },
];
const names = (sorted: Row[]) => sorted.map(({ name }) => name);

describe('figureColumn', () => {
  it('shows a figure as it is told, and sorts by the figure', () => {
    const column = figureColumn<Row>('error', 'Error', 90, ({ error }) => error, percent);
    expect(column).toMatchObject({ align: 'right', width: '90px', title: 'Error' });
    const [run10, run9] = rows as [Row, Row];
    expect([column.text?.(run10), column.text?.(run9)]).toEqual(['40.0 %', '–']);
    expect(sortRows(rows, [column], { key: 'error', descending: false })[0]?.name).toBe('run 2');
  });
});

describe('leastWidth', () => {
  it('adds fixed widths and the least of those that grow', () => {
    expect(leastWidth([{ width: '34px' }, { width: 'minmax(190px, 2.2fr)' }, {}])).toBe(314);
  });
});

describe('fittingColumns', () => {
  const some: Column<Row>[] = [
    { key: 'name', title: 'Name', width: 'minmax(100px, 1fr)' },
    { key: 'a', title: 'A', width: '50px', dispensable: 1 },
    { key: 'b', title: 'B', width: '50px', dispensable: 2 },
    { key: 'actions', title: '', width: '20px' },
  ];
  const keys = (width: number) => fittingColumns(some, width).map(({ key }) => key);

  it('leaves out what can be spared, no more of it than must be', () => {
    expect(keys(220)).toEqual(['name', 'a', 'b', 'actions']);
    expect(keys(219)).toEqual(['name', 'a', 'actions']);
    expect(keys(169)).toEqual(['name', 'actions']);
    expect(keys(10)).toEqual(['name', 'actions']);
  });
});

describe('pinnedPlaces', () => {
  it('keeps what says what a row is, and what comes before it', () => {
    const star = { title: '', width: '34px' };
    const name = { title: 'Name', width: 'minmax(142px, 2fr)' };
    expect(pinnedPlaces([star, name, name], 34)).toEqual([34, 68]);
    expect(pinnedPlaces([name, star], 0)).toEqual([0]);
  });
});

describe('sortRows', () => {
  it('sorts names as people count', () => {
    expect(names(sortRows(rows, columns, { key: 'name', descending: false }))).toEqual([
      'run 2',
      'run 9',
      'run 10',
    ]);
  });

  it('puts what has no value last, both ways', () => {
    expect(names(sortRows(rows, columns, { key: 'error', descending: false }))).toEqual([
      'run 2',
      'run 10',
      'run 9',
    ]);
    expect(names(sortRows(rows, columns, { key: 'error', descending: true }))).toEqual([
      'run 10',
      'run 2',
      'run 9',
    ]);
  });

  it('leaves the order alone without a column to sort by', () => {
    expect(sortRows(rows, columns, null)).toEqual(rows);
    expect(sortRows(rows, columns, { key: 'gone', descending: true })).toEqual(rows);
  });
});
