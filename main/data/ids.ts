// Ids of runs, data sets, models and evaluations: short enough to type, random enough never to meet twice.
import { randomBytes } from 'node:crypto';

/** No vowels, no look-alikes: no words appear, and l is not taken for 1. */
const alphabet = '23456789bcdfghjkmnpqrstvwxz';

/** Ten characters, about 47 bits. The first is a letter, so that an id is never taken for a number. */
export function newId(): string {
  let id = '';
  while (id.length < 10) {
    for (const byte of randomBytes(16)) {
      // Bytes beyond the last whole multiple of the alphabet would make its first letters more frequent.
      if (byte >= 256 - (256 % alphabet.length) || id.length === 10) continue;
      const letter = alphabet.charAt(byte % alphabet.length);
      if (id.length > 0 || letter > '9') id += letter;
    }
  }
  return id;
}
