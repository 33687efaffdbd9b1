// Finding by words: every word typed begins somewhere in the text.

export function matches(text: string, query: string): boolean {
  const lower = text.toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => word === '' || lower.includes(word));
}
