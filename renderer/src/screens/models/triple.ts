// Three numbers as people type them.

/** Undefined where the text is empty or something else. */
export function parseTriple(text: string): [number, number, number] | undefined {
  const parts = text.split(/[,\s]+/).filter((part) => part !== '');
  const [r, g, b] = parts.map(Number);
  if (parts.length !== 3 || r === undefined || g === undefined || b === undefined) return undefined;
  return [r, g, b].every((value) => Number.isFinite(value)) ? [r, g, b] : undefined;
}
