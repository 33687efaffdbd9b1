import { describe, expect, it } from 'vitest';
import { edgeNumbers, mapEdges, moveView, wholeView, zoomView } from './map-view.ts';

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

describe('the edges of a confusion map', () => {
  it('have names as long as they can be read, numbers otherwise', () => {
    expect(mapEdges(900, 600, 4)).toEqual({ kind: 'names', left: 150, top: 22, side: 578 });
    expect(mapEdges(900, 600, 10)).toEqual({ kind: 'upright', left: 150, top: 100, side: 500 });
    expect(mapEdges(900, 600, 45).kind).toBe('upright');
    expect(mapEdges(900, 600, 46)).toEqual({ kind: 'numbers', left: 44, top: 20, side: 580 });
    expect(mapEdges(900, 600, 1000).kind).toBe('numbers');
    expect(mapEdges(0, 0, 1000).side).toBe(200);
  });

  it('number round classes, in every part of the table', () => {
    expect(edgeNumbers(0, 1000, 580)).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900]);
    expect(edgeNumbers(123, 100, 580)).toEqual([130, 140, 150, 160, 170, 180, 190, 200, 210, 220]);
    expect(edgeNumbers(950, 50, 580)).toEqual([950, 955, 960, 965, 970, 975, 980, 985, 990, 995]);
    expect(edgeNumbers(3, 7, 580)).toEqual([3, 4, 5, 6, 7, 8, 9]);
  });
});
