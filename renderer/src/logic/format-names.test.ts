import { expect, it } from 'vitest';
import { formatNames } from './format-names.ts';

it('writes formats as their makers do', () => {
  expect(formatNames(['jpeg', 'png', 'webp', 'gif', 'heic'])).toBe('JPEG, PNG, WebP, GIF, HEIC');
  expect(formatNames([])).toBe('');
});
