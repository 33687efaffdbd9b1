// Finding by words: every word typed begins somewhere in the text.

export function matches(text: string, query: string): boolean {
  const lower = text.toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => word === '' || lower.includes(word));
}

/** What fits the query, those first whose name alone does. */
export function bestMatches<T extends { label: string; words: string }>(
  all: readonly T[],
  query: string,
): T[] {
  const named = all.filter(({ label }) => matches(label, query));
  const others = all.filter(
    (one) => !matches(one.label, query) && matches(`${one.label} ${one.words}`, query),
  );
  return [...named, ...others];
}
