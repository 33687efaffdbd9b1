// The secret that the printed address carries: random, in a file of its owner alone, kept over restarts so that an
// open page finds its way back.
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { chmodSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../api/errors.ts';

const form = /^[A-Za-z0-9_-]{43}$/;

function read(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false });
  // What others could read or write is no secret.
  if (found === undefined || (found.mode & 0o077) !== 0) return undefined;
  const text = readFileSync(file, 'utf8').trim();
  return form.test(text) ? text : undefined;
}

export function tokenFile(dataFolder: string): string {
  return join(dataFolder, 'serve-token');
}

/** The token of a data directory, made where there is none. Throws IO. */
export function openToken(dataFolder: string): string {
  const file = tokenFile(dataFolder);
  try {
    const known = read(file);
    if (known !== undefined) return known;
    const token = randomBytes(32).toString('base64url');
    const unfinished = `${file}.${process.pid}`;
    // Of a process of the same number that was killed here.
    rmSync(unfinished, { force: true });
    writeFileSync(unfinished, `${token}\n`, { mode: 0o600, flag: 'wx' });
    chmodSync(unfinished, 0o600);
    renameSync(unfinished, file);
    return token;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AppError('IO', `${file}: the access token cannot be kept: ${reason}`, { path: file });
  }
}

/** In the same time whatever is wrong with it. */
export function isToken(given: string | undefined, token: string): boolean {
  const bytes = Buffer.from(given ?? '');
  const expected = Buffer.from(token);
  return bytes.length === expected.length && timingSafeEqual(bytes, expected);
}
