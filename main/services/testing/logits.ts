// Logits in tests: how far those of two programs are from each other.

function norm(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

/** Logits are known up to a constant of each image: what is left without their mean. */
export function centred(logits: readonly number[]): number[] {
  const mean = logits.reduce((sum, value) => sum + value, 0) / logits.length;
  return logits.map((value) => value - mean);
}

/** How far values are from what was expected, relative to the size of the latter. */
export function relativeError(found: readonly number[], expected: readonly number[]): number {
  return norm(found.map((value, i) => value - (expected[i] ?? Number.NaN))) / norm(expected);
}

/** The largest of a set of images, constants left aside. */
export function worstError(found: readonly number[][], expected: readonly number[][]): number {
  return Math.max(...expected.map((logits, i) => relativeError(centred(found[i] ?? []), centred(logits))));
}

/** The five largest, in order. */
export function topFive(logits: readonly number[]): number[] {
  const order = logits.map((value, index) => ({ value, index })).sort((a, b) => b.value - a.value);
  return order.slice(0, 5).map(({ index }) => index);
}
