import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { isToken, openToken, tokenFile } from './token.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'alexnet-token-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('is made once, for its owner alone, and kept', () => {
  const token = openToken(folder);
  expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(statSync(tokenFile(folder)).mode & 0o777).toBe(0o600);
  expect(openToken(folder)).toBe(token);
});

it('is replaced where others could have read it, or where it is none', () => {
  const first = openToken(folder);
  chmodSync(tokenFile(folder), 0o644);
  const second = openToken(folder);
  expect(second).not.toBe(first);
  expect(statSync(tokenFile(folder)).mode & 0o777).toBe(0o600);
  writeFileSync(tokenFile(folder), 'short\n');
  const third = openToken(folder);
  expect(third).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(readFileSync(tokenFile(folder), 'utf8')).toBe(`${third}\n`);
});

it('is made where a process of the same number was killed while it made one', () => {
  writeFileSync(`${tokenFile(folder)}.${process.pid}`, 'half', { mode: 0o600 });
  const token = openToken(folder);
  expect(readFileSync(tokenFile(folder), 'utf8')).toBe(`${token}\n`);
});

it('says where it cannot be kept', () => {
  expect(() => openToken(join(folder, 'none'))).toThrow(expect.objectContaining({ code: 'IO' }));
});

it('is compared whole', () => {
  const token = openToken(folder);
  expect(isToken(token, token)).toBe(true);
  for (const wrong of [undefined, '', token.slice(1), `${token}x`, `x${token.slice(1)}`]) {
    expect(isToken(wrong, token)).toBe(false);
  }
});
