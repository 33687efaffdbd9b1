import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lookIntoFolder, refuseSplits } from './splits.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'splits-'));
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

describe('a folder before it is packed', () => {
  it('has class folders', async () => {
    touch('cat/1.jpg', 'dog/1.jpg', '.hidden/x', 'readme.txt');
    expect(await lookIntoFolder(root)).toEqual({ folders: ['cat', 'dog'], splits: null });
    await expect(refuseSplits(root)).resolves.toBeUndefined();
  });

  it('or the splits of a data set, whatever their case', async () => {
    touch('Train/cat/1.jpg', 'Train/dog/1.jpg', 'test/1.jpg', 'VAL/cat/1.jpg', 'SOURCE.md');
    const train = join(root, 'Train');
    const val = join(root, 'VAL');
    expect((await lookIntoFolder(root)).splits).toEqual({ train, val: { folder: val, flat: false } });
    await expect(refuseSplits(root)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: `the folders in ${root} are the splits of a data set, not its classes: give ${train} for training and ${val} for validation`,
    });
  });

  it('or a training folder alone, or validation photos side by side', async () => {
    touch('train/cat/1.jpg');
    const train = join(root, 'train');
    expect((await lookIntoFolder(root)).splits).toEqual({ train, val: null });
    await expect(refuseSplits(root)).rejects.toThrow(`not its classes: give ${train}`);
    touch('val/ILSVRC2012_val_00000001.JPEG');
    expect((await lookIntoFolder(root)).splits).toEqual({
      train,
      val: { folder: join(root, 'val'), flat: true },
    });
  });

  it.skipIf(process.getuid?.() === 0)('says which folder is shut', async () => {
    touch('train/cat/1.jpg', 'val/cat/1.jpg');
    chmodSync(join(root, 'train'), 0);
    await expect(lookIntoFolder(root)).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringContaining(`folder ${join(root, 'train')} cannot be read`) as string,
    });
    chmodSync(join(root, 'train'), 0o700);
  });

  it('is taken for class folders where one is called otherwise, or the training one holds photos', async () => {
    touch('train/1.jpg', 'test/1.jpg');
    expect((await lookIntoFolder(root)).splits).toBeNull();
    touch('train/engines/1.jpg');
    expect((await lookIntoFolder(root)).splits).not.toBeNull();
    touch('plane/1.jpg');
    expect((await lookIntoFolder(root)).splits).toBeNull();
  });

  it('is told apart from what cannot be read', async () => {
    await expect(lookIntoFolder(join(root, 'none'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    touch('file');
    await expect(lookIntoFolder(join(root, 'file'))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
