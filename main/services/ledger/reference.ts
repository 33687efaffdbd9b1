// The paper's numbers, as resources/reference has them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseWith } from '../../api/parse.ts';
import { type Reference, referenceSchema, type Truth, truthSchema } from '../../api/reference.ts';

/** `folder`: resources/reference. */
export function loadReference(folder: string): Reference {
  const content: unknown = JSON.parse(readFileSync(join(folder, 'alexnet-2012.json'), 'utf8'));
  return parseWith(referenceSchema, content, 'the reference table', 'INTERNAL');
}

/** What the paper says and what its code did. */
export function loadTruths(folder: string): Truth[] {
  const content: unknown = JSON.parse(readFileSync(join(folder, 'two-truths.json'), 'utf8'));
  return parseWith(truthSchema.array(), content, 'the table of paper and code', 'INTERNAL');
}
