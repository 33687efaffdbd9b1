// Lists taller than a browser can lay out (about 33 million pixels; 1.3 million photos are more): the scroll bar's
// way is shortened, and its ends stay the ends of the list.

/** Pixels of layout that a list takes at most. */
export const tallest = 16_000_000;

export interface ScrollScale {
  /** Height of all rows. */
  real: number;
  viewport: number;
}

/** What is laid out. */
export function layoutHeight({ real }: ScrollScale): number {
  return Math.min(real, tallest);
}

/** Where in the list the top of the view is, for a place of the scroll bar. */
export function toOffset(scale: ScrollScale, scrollTop: number): number {
  const way = layoutHeight(scale) - scale.viewport;
  if (scale.real <= tallest || way <= 0) return scrollTop;
  return (scrollTop / way) * (scale.real - scale.viewport);
}

/** The other way round. */
export function toScrollTop(scale: ScrollScale, offset: number): number {
  const way = scale.real - scale.viewport;
  if (scale.real <= tallest || way <= 0) return offset;
  return (offset / way) * (layoutHeight(scale) - scale.viewport);
}
