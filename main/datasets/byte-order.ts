// Byte order of UTF-8, the order in which classes and files of a data set are numbered everywhere.

/**
 * Compares two strings as their UTF-8 bytes compare. JavaScript's own order is that of UTF-16 units, which
 * puts characters beyond U+FFFF before U+E000..U+FFFF; bytes do not.
 */
export function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return byteRank(x) - byteRank(y);
  }
  return a.length - b.length;
}

/** A UTF-16 unit's place: surrogates (characters beyond U+FFFF) come after everything else. */
function byteRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
