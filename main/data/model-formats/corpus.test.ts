// Every file that a reader was tried on before, and some thousands of new ones made from them: read, or refused with a
// reason. `npm run fuzz` does the same for as long as one likes.
import { describe, expect, it } from 'vitest';
import { readCorpus } from './testing/corpus.ts';
import { exercise } from './testing/exercise.ts';
import { mutate, Random } from './testing/mutations.ts';

const mutations = 4000;
const corpus = readCorpus();

describe('the corpus', () => {
  it('has whole files of every format', () => {
    const outcomes = corpus
      .filter(({ name }) => name.startsWith('seed-'))
      .map(({ bytes }) => exercise(bytes));
    for (const format of ['safetensors', 'pytorch', 'pytorch-legacy', 'caffe', 'onnx']) {
      expect(outcomes.some((outcome) => outcome.startsWith(`read ${format} `))).toBe(true);
    }
  });

  it.each(corpus)('$name is read or refused', ({ bytes }) => {
    expect(exercise(bytes)).not.toBe('');
  });

  it('is read or refused in any state of damage', () => {
    const random = new Random(2012);
    const seeds = corpus.map(({ bytes }) => bytes);
    const outcomes = new Set<string>();
    for (let i = 0; i < mutations; i++) outcomes.add(exercise(mutate(seeds, random)));
    // Damage that is always found at the first look would try little.
    expect(outcomes.size).toBeGreaterThan(100);
  });
});
