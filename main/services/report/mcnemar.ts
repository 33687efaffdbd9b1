// McNemar's exact test: of the images that only one of two models has right, is the split further from even than chance
// would bring it? (McNemar 1947; the exact form is the sign test on the discordant pairs.)

/** ln n!, exact sums up to where they are quick, Stirling's series beyond. */
function logFactorial(n: number): number {
  if (n < 256) {
    let sum = 0;
    for (let k = 2; k <= n; k++) sum += Math.log(k);
    return sum;
  }
  return n * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI * n) + 1 / (12 * n) - 1 / (360 * n ** 3);
}

/** The two-sided probability of a split at least as uneven as `onlyA` to `onlyB` if both were as likely; 0..1. */
export function mcnemar(onlyA: number, onlyB: number): number {
  const discordant = onlyA + onlyB;
  const fewer = Math.min(onlyA, onlyB);
  if (discordant === 0 || onlyA === onlyB) return 1;
  const whole = logFactorial(discordant) - discordant * Math.LN2;
  // From the largest term down: what no longer changes the sum is left out.
  let sum = 0;
  for (let k = fewer; k >= 0; k--) {
    const term = Math.exp(whole - logFactorial(k) - logFactorial(discordant - k));
    sum += term;
    if (term < sum * 1e-17) break;
  }
  return Math.min(1, 2 * sum);
}

/** What it means, for people. */
export function explainMcnemar(nameA: string, nameB: string, onlyA: number, onlyB: number): string {
  if (onlyA + onlyB === 0)
    return `${nameA} and ${nameB} have the same images right: nothing tells them apart.`;
  const p = mcnemar(onlyA, onlyB);
  const odds =
    p < 0.0001 ? 'less than once in 10,000 times' : `${Number((p * 100).toPrecision(2))} % of the time`;
  const better = onlyA > onlyB ? nameA : nameB;
  const chance = `If both were equally good, chance alone would split the ${onlyA + onlyB} images that only one has right at least this unevenly ${odds}`;
  if (onlyA === onlyB)
    return `${nameA} and ${nameB} have equally many images right that the other has wrong: nothing tells them apart.`;
  return p < 0.05
    ? `${better} is better on these images. ${chance}.`
    : `These images do not show that ${better} is better. ${chance}.`;
}
