import { describe, expect, it } from 'vitest';
import { answersOf, errorOf, otherAnswers } from './result-columns.ts';

describe('classified files', () => {
  it('shows the first answer apart from the others', () => {
    const answers = [
      { class: 3, name: 'cat', probability: 0.61 },
      { class: 1, name: 'dog', probability: 0.204 },
    ];
    expect(answersOf({ answers })[0]?.name).toBe('cat');
    expect(otherAnswers({ answers })).toBe('dog 20 %');
    expect(errorOf({ answers })).toBe('');
  });

  it('shows why a file has no answer', () => {
    const failed = { answers: { error: { code: 'CORRUPT_IMAGE', message: 'premature end' } } };
    expect(answersOf(failed)).toEqual([]);
    expect(errorOf(failed)).toBe('premature end');
  });
});
