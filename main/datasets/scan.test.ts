import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../api/errors.ts';
import { scanClassFolders, scanFlatFolder } from './scan.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'scan-'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function touch(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), 'x');
  }
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof AppError ? error.code : `no AppError: ${String(error)}`;
}

describe('scanClassFolders', () => {
  it('numbers classes and files in byte order, files at any depth', async () => {
    touch('b/2.jpg', 'b/10.jpg', 'B/x.png', 'é/a.jpg', 'b/deep/er/1.jpg', 'b/deep.jpg');
    const scan = await scanClassFolders(root, 'training folder');
    expect(scan.classes).toEqual([
      { folder: 'B', files: ['B/x.png'] },
      { folder: 'b', files: ['b/10.jpg', 'b/2.jpg', 'b/deep.jpg', 'b/deep/er/1.jpg'] },
      { folder: 'é', files: ['é/a.jpg'] },
    ]);
    expect(scan.skipped).toEqual([]);
  });

  it('ignores hidden files, enters folders named like images, names empty class folders', async () => {
    touch('a/.DS_Store', 'a/._1.jpg', 'a/1.jpg', 'a/folder.jpg/2.jpg', '.git/config', 'b/1.jpg');
    mkdirSync(join(root, 'nothing'));
    const scan = await scanClassFolders(root, 'training folder');
    expect(scan.classes.map((c) => c.files)).toEqual([['a/1.jpg', 'a/folder.jpg/2.jpg'], ['b/1.jpg']]);
    expect(scan.ignored).toBe(3);
    expect(scan.emptyClasses).toEqual(['nothing']);
  });

  it('skips files outside class folders and what is no regular file, with the reason', async () => {
    touch('a/1.jpg', 'readme.txt');
    execFileSync('mkfifo', [join(root, 'a/pipe.jpg')]);
    const scan = await scanClassFolders(root, 'training folder');
    expect(scan.classes).toEqual([{ folder: 'a', files: ['a/1.jpg'] }]);
    expect(scan.skipped.map((file) => [file.path, file.message])).toEqual([
      ['readme.txt', 'lies outside every class folder, so its class is not known'],
      ['a/pipe.jpg', 'not a regular file'],
    ]);
  });

  it('ends where links loop, follows the others, keeps broken links for the decoder to report', async () => {
    touch('a/1.jpg', 'elsewhere-b/2.jpg');
    symlinkSync('..', join(root, 'a/up'));
    symlinkSync('.', join(root, 'a/self'));
    symlinkSync('../elsewhere-b', join(root, 'a/other'));
    symlinkSync('gone.jpg', join(root, 'a/broken.jpg'));
    const scan = await scanClassFolders(root, 'training folder');
    const a = scan.classes.find((c) => c.folder === 'a');
    expect(a?.files).toContain('a/other/2.jpg');
    expect(a?.files).toContain('a/broken.jpg');
    expect(a?.files.filter((file) => file.includes('/self/'))).toEqual([]);
  });

  it('skips names that are not UTF-8', async () => {
    touch('a/1.jpg');
    writeFileSync(
      Buffer.concat([Buffer.from(`${root}/a/bad-`), Buffer.from([0xff, 0xfe]), Buffer.from('.jpg')]),
      'x',
    );
    const scan = await scanClassFolders(root, 'training folder');
    expect(scan.classes).toEqual([{ folder: 'a', files: ['a/1.jpg'] }]);
    expect(scan.skipped.map((file) => file.code)).toEqual(['INVALID_NAME']);
  });

  it.skipIf(process.getuid?.() === 0)(
    'skips a folder that may not be read (not as root: root reads all)',
    async () => {
      touch('a/1.jpg', 'a/shut/2.jpg');
      chmodSync(join(root, 'a/shut'), 0);
      const scan = await scanClassFolders(root, 'training folder');
      chmodSync(join(root, 'a/shut'), 0o755);
      expect(scan.skipped.map((file) => [file.path, file.code])).toEqual([['a/shut/', 'IO']]);
    },
  );

  it('says what is wrong with a missing, a wrong and an empty folder', async () => {
    expect(await codeOf(scanClassFolders(join(root, 'gone'), 'training folder'))).toBe('NOT_FOUND');
    touch('file');
    expect(await codeOf(scanClassFolders(join(root, 'file'), 'training folder'))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(scanClassFolders(root, 'training folder'))).toBe('EMPTY_DATASET');
  });

  it('stops when it is told to', async () => {
    touch('a/1.jpg');
    await expect(scanClassFolders(root, 'training folder', AbortSignal.abort())).rejects.toThrow();
  });
});

describe('scanFlatFolder', () => {
  it('lists the files of one level in byte order', async () => {
    touch('b.jpg', 'a.jpg', 'sub/c.jpg', '.hidden');
    expect((await scanFlatFolder(root, 'validation folder')).files).toEqual(['a.jpg', 'b.jpg']);
  });

  it('refuses a folder without photos in it', async () => {
    touch('sub/c.jpg');
    await expect(scanFlatFolder(root, 'validation folder')).rejects.toThrow('no file of labels is needed');
  });
});
