import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { rejection } from '../data/test-errors.ts';
import { temporaryFolder } from '../data/test-files.ts';
import { readPhoto } from './read-photo.ts';

it('reads a file up to a size, and says what is wrong with others', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'a.jpg');
  expect((await rejection(readPhoto(path, 3))).code).toBe('NOT_FOUND');
  writeFileSync(path, 'abc');
  expect((await readPhoto(path, 3)).toString()).toBe('abc');
  expect((await rejection(readPhoto(path, 2))).code).toBe('IMAGE_TOO_LARGE');
  expect((await rejection(readPhoto(folder, 3))).code).toBe('UNSUPPORTED_IMAGE');
});

it('does not wait for a pipe', async ({ skip }) => {
  const pipe = join(temporaryFolder(), 'a.jpg');
  try {
    execFileSync('mkfifo', [pipe]);
  } catch {
    return skip('this system has no pipes with names');
  }
  expect((await rejection(readPhoto(pipe, 3))).code).toBe('UNSUPPORTED_IMAGE');
});
