import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { refusal } from '../test-errors.ts';
import { temporaryFolder } from '../test-files.ts';
import { FileBytes } from './byte-source.ts';

it('refuses what is no ordinary file without waiting for it', ({ skip }) => {
  const folder = temporaryFolder();
  const pipe = join(folder, 'model.pth');
  try {
    execFileSync('mkfifo', [pipe]);
  } catch {
    return skip('this system has no pipes with names');
  }
  for (const [path, why] of [
    [pipe, 'it is no ordinary file'],
    [folder, 'it is a folder'],
  ] as const) {
    const { code, message } = refusal(() => new FileBytes(path));
    expect(code).toBe('INVALID_MODEL');
    expect(message).toContain(why);
  }
});
