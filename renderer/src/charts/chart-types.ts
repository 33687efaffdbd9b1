// What the line chart draws.
import type { Point } from '../logic/curves.ts';

export interface Series {
  label: string;
  points: readonly Point[];
  /** Place in the palette; default: the place in the list. */
  colour?: number;
  dashed?: boolean;
  /** Drawn as dots joined by a line: few points, each of them measured. */
  dots?: boolean;
  /** Behind the others, faint: what the smoothed one was made from. */
  faint?: boolean;
  /** Steps instead of slopes. */
  stepped?: boolean;
}

/** A vertical line with what happened there. */
export interface Marker {
  x: number;
  label: string;
  tone: 'accent' | 'warn' | 'danger' | 'good' | 'plain';
}
