// "Did you mean": the known words closest to an unknown one.

/** Insertions, deletions and replacements that turn one word into the other. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

function pathDistance(wanted: string, candidate: string): number {
  if (candidate.endsWith(`.${wanted}`)) return 0;
  const tail = (path: string) => path.slice(path.lastIndexOf('.') + 1);
  const word = tail(wanted);
  const begun = word.length >= 3 && tail(candidate).startsWith(word) ? 1 : Number.POSITIVE_INFINITY;
  // A right or right-beginning last word in the wrong place counts as nearly right; among such, the nearer
  // place comes first.
  const whole = editDistance(wanted, candidate);
  return Math.min(whole, Math.min(2 * editDistance(word, tail(candidate)), begun) + whole / 100);
}

/** The candidate that was most likely meant; undefined where none is like the word. */
export function closest(wanted: string, candidates: readonly string[]): string | undefined {
  const word = wanted.toLowerCase();
  const isLike = (candidate: string) => {
    const [short, long] = word.length < candidate.length ? [word, candidate] : [candidate, word];
    if (short.length >= 3 && long.startsWith(short)) return true;
    return editDistance(word, candidate) <= Math.ceil(word.length / 3);
  };
  return nearest(wanted, candidates, candidates.length).find((one) => isLike(one.toLowerCase()));
}

/** At most `limit` candidates, nearest first; dotted paths are compared whole and by their last word. */
export function nearest(wanted: string, candidates: readonly string[], limit = 3): string[] {
  const lower = wanted.toLowerCase();
  return candidates
    .map((candidate) => ({ candidate, distance: pathDistance(lower, candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, limit)
    .map(({ candidate }) => candidate);
}
