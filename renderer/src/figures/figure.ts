// A figure as plain data: what the screen shows and what is saved are drawn from the same items. Lengths are pixels.

/** What something is, not its colour: the screen's theme and the saved file's paper choose that. */
export type Tone = 'text' | 'soft' | 'bar' | 'good' | 'line';

export interface Picture {
  kind: 'picture';
  x: number;
  y: number;
  width: number;
  height: number;
  /** A path below the origin. */
  source: string;
  title: string;
  /** Enlarged without smoothing: kernels and maps. */
  pixelated?: boolean;
}

export interface Label {
  kind: 'label';
  x: number;
  /** Of the baseline. */
  y: number;
  text: string;
  size: number;
  tone: Tone;
  anchor: 'start' | 'middle' | 'end';
  bold?: boolean;
}

export interface Bar {
  kind: 'bar';
  x: number;
  y: number;
  width: number;
  height: number;
  tone: Tone;
}

export interface Figure {
  title: string;
  width: number;
  height: number;
  items: (Picture | Label | Bar)[];
}

/** Cut to what fits, by the width of an average letter. */
export function fitText(text: string, width: number, size: number): string {
  const most = Math.max(2, Math.floor(width / (size * 0.54)));
  return text.length <= most ? text : `${text.slice(0, most - 1).trimEnd()}…`;
}
