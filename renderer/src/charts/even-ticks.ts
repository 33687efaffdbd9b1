// Where an axis ends at an odd number, Chart.js marks that one too, on top of the last round one.

/** Without a last tick that is nearer to the one before it than the others are to each other. */
export function evenTicks<T extends { value: number }>(ticks: readonly T[]): T[] {
  const [first, second] = ticks;
  const [before, last] = ticks.slice(-2);
  if (ticks.length < 3 || !first || !second || !before || !last) return [...ticks];
  const distance = second.value - first.value;
  return last.value - before.value < distance * 0.999 ? ticks.slice(0, -1) : [...ticks];
}
