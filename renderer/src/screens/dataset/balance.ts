// The balance of classes as a histogram: how many classes have how many images.

export interface BalanceBin {
  from: number;
  to: number;
  classes: number;
}

/** Between the smallest and the largest class, in at most `bins` steps of round width. */
export function balanceBins(images: readonly number[], bins = 24): BalanceBin[] {
  if (images.length === 0) return [];
  const low = images.reduce((a, b) => Math.min(a, b));
  const high = images.reduce((a, b) => Math.max(a, b));
  const width = roundWidth((high - low + 1) / bins);
  const first = Math.floor(low / width) * width;
  const count = Math.floor((high - first) / width) + 1;
  const found = Array.from({ length: count }, (_, i) => ({
    from: first + i * width,
    to: first + (i + 1) * width - 1,
    classes: 0,
  }));
  for (const one of images) {
    const bin = found[Math.floor((one - first) / width)];
    if (bin !== undefined) bin.classes++;
  }
  return found;
}

/** 1, 2 or 5 times a power of ten, at least `least`. */
function roundWidth(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  const step = [1, 2, 5, 10].find((one) => one * power >= least) ?? 10;
  return Math.max(1, step * power);
}
