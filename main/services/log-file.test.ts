import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LogFile } from './log-file.ts';

it('appends lines with their time, keeps one old file, and never throws', () => {
  const folder = mkdtempSync(join(tmpdir(), 'log-'));
  try {
    const log = new LogFile(join(folder, 'studio.log'));
    log.write('one');
    log.write('two');
    expect(readFileSync(log.path, 'utf8')).toMatch(/^20\d\d-\d\d-\d\dT[\d:.]+Z one\n20\S+ two\n$/);
    writeFileSync(log.path, 'x'.repeat(1_000_001));
    log.write('three');
    expect(statSync(`${log.path}.old`).size).toBe(1_000_001);
    expect(readFileSync(log.path, 'utf8')).toMatch(/ three\n$/);
    new LogFile(join(folder, 'gone', 'studio.log')).write('nowhere');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
