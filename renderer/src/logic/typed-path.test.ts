import { expect, it } from 'vitest';
import { typedPath } from './typed-path.ts';

it('writes the home folder out', () => {
  expect(typedPath('~/photos', '/home/ada')).toBe('/home/ada/photos');
  expect(typedPath('~/', '/')).toBe('/');
});

it('leaves other paths and unfinished ones alone', () => {
  for (const path of ['', '~', '~ada/photos', '/data/~/x', 'photos']) {
    expect(typedPath(path, '/home/ada')).toBe(path);
  }
  expect(typedPath('~/photos', undefined)).toBe('~/photos');
});
