import { describe, expect, it } from 'vitest';
import { moveView, wholeView, zoomView } from './map-view.ts';

describe('the view of a confusion map', () => {
  it('never leaves the table', () => {
    const view = { row: 10, column: 980, size: 20 };
    expect(moveView(view, -50, 50, 1000)).toEqual({ row: 0, column: 980, size: 20 });
    expect(zoomView(view, 100, 15, 990, 1000)).toEqual(wholeView(1000));
  });

  it('keeps the class under the pointer where it is', () => {
    const view = wholeView(1000);
    const closer = zoomView(view, 0.1, 500, 200, 1000);
    expect(closer.size).toBe(100);
    expect((500 - closer.row) / closer.size).toBeCloseTo(0.5, 2);
    expect((200 - closer.column) / closer.size).toBeCloseTo(0.2, 2);
  });

  it('stops at a few classes, and at a table that is smaller', () => {
    expect(zoomView(wholeView(1000), 1e-6, 3, 3, 1000).size).toBe(8);
    expect(zoomView(wholeView(5), 0.1, 3, 3, 5)).toEqual(wholeView(5));
  });
});
