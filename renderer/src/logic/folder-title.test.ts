import { expect, it } from 'vitest';
import { folderTitle } from './folder-title.ts';

it('calls a folder by its name, and a split by that of its data set', () => {
  expect(folderTitle('/photos/pets/')).toBe('pets');
  expect(folderTitle('/photos/pets/train')).toBe('pets');
  expect(folderTitle('/photos/pets/Validation/')).toBe('pets');
  expect(folderTitle('/train')).toBe('train');
  expect(folderTitle('')).toBe('');
});
