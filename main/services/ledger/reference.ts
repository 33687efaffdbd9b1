// The paper's numbers, as resources/reference has them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseWith } from '../../api/parse.ts';
import { type Reference, referenceSchema } from '../../api/reference.ts';

/** `folder`: resources/reference. */
export function loadReference(folder: string): Reference {
  const content: unknown = JSON.parse(readFileSync(join(folder, 'alexnet-2012.json'), 'utf8'));
  return parseWith(referenceSchema, content, 'the reference table', 'INTERNAL');
}
