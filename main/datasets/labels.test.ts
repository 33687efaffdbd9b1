import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseDevkitMap, readFlatLabels } from './labels.ts';

const classes = new Set(['n01440764', 'n02102040', 'n03888257']);
const files = ['a.JPEG', 'b.JPEG', 'c.JPEG'];

let folder: string;
let labelsFile: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'labels-'));
  labelsFile = join(folder, 'labels.txt');
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function read(text: string, of: string[] = files, mapFile?: string) {
  writeFileSync(labelsFile, text);
  return readFlatLabels(labelsFile, mapFile, of, classes);
}

describe('class folders a line', () => {
  it('go with the sorted files', async () => {
    const labels = await read('n03888257\nn01440764\r\nn02102040\n');
    expect(labels.form).toBe('names');
    expect([...labels.folderOf]).toEqual([
      ['a.JPEG', 'n03888257'],
      ['b.JPEG', 'n01440764'],
      ['c.JPEG', 'n02102040'],
    ]);
  });

  it("go by ImageNet's own number where files are missing", async () => {
    const some = ['ILSVRC2012_val_00000001.JPEG', 'ILSVRC2012_val_00000003.JPEG'];
    const labels = await read('n03888257\nn01440764\nn02102040\n', some);
    expect([...labels.folderOf.values()]).toEqual(['n03888257', 'n02102040']);
  });

  it('must be as many as the files', async () => {
    await expect(read('n03888257\nn01440764\n')).rejects.toThrow('2 lines for 3 photos');
  });

  it('must be classes of the training folder', async () => {
    await expect(read('n03888257\nn01440764\nn09999999\n')).rejects.toThrow(
      "gives c.JPEG the class 'n09999999', which the training folder does not have",
    );
  });

  it('cannot be missing, a folder, empty or have a gap', async () => {
    await expect(readFlatLabels(folder, undefined, files, classes)).rejects.toThrow(
      'is a folder, not a file',
    );
    await expect(readFlatLabels(join(folder, 'gone'), undefined, files, classes)).rejects.toThrow(
      'does not exist',
    );
    await expect(read('\n')).rejects.toThrow('it is empty');
    await expect(read('n03888257\n\nn01440764\n')).rejects.toThrow('line 2 is blank');
  });
});

describe('CSV', () => {
  it('goes by name, in any order, with or without a header, boxes or extensions', async () => {
    const rows =
      'c,n02102040 1 2 3 4 n02102040 5 6 7 8\na.JPEG,n03888257\nb,n01440764\nnot-there,n01440764\n';
    for (const text of [rows, `ImageId,PredictionString\n${rows}`]) {
      const labels = await read(text);
      expect(labels.form).toBe('csv');
      expect(labels.folderOf.get('a.JPEG')).toBe('n03888257');
      expect(labels.folderOf.get('c.JPEG')).toBe('n02102040');
    }
  });

  it('must name every photo once, with one class', async () => {
    await expect(read('a,n03888257\nb,n01440764\n')).rejects.toThrow(
      '1 of 3 photos are not in it, the first is c.JPEG',
    );
    await expect(read('a,n03888257\na,n01440764\n')).rejects.toThrow('a second class');
    await expect(read('a,n03888257\nrubbish\n')).rejects.toThrow("line 2 is not 'ImageId,class'");
  });
});

describe('devkit ids', () => {
  const map = 'n01440764 449 tench\nn02102040 2 English_springer\nn03888257 7 parachute\n';

  it('go through the map beside them', async () => {
    writeFileSync(join(folder, 'map_clsloc.txt'), map);
    const labels = await read('449\n7\n2\n');
    expect(labels.form).toBe('ids');
    expect([...labels.folderOf.values()]).toEqual(['n01440764', 'n03888257', 'n02102040']);
  });

  it('go through a given map, text or JSON', async () => {
    const mapFile = join(folder, 'other');
    writeFileSync(mapFile, JSON.stringify({ 449: ['n01440764', 'tench'], 7: ['n03888257', 'parachute'] }));
    const labels = await read('449\n7\n7\n', files, mapFile);
    expect([...labels.folderOf.values()]).toEqual(['n01440764', 'n03888257', 'n03888257']);
  });

  it('need a map, and ids that it has', async () => {
    await expect(read('449\n7\n2\n')).rejects.toThrow('put map_clsloc.txt beside it');
    writeFileSync(join(folder, 'map_clsloc.txt'), map);
    await expect(read('449\n7\n3\n')).rejects.toThrow('line 3: the map has no class for id 3');
    await expect(read('449\n7\n2\n', files, join(folder, 'gone'))).rejects.toThrow('does not exist');
  });

  it('are not taken for ids where the class folders are numbers', async () => {
    writeFileSync(labelsFile, '1\n0\n1\n');
    const labels = await readFlatLabels(labelsFile, undefined, files, new Set(['0', '1']));
    expect(labels.form).toBe('names');
  });

  it('need a map that can be read', () => {
    expect(() => parseDevkitMap('m', 'n01440764 tench\n')).toThrow('line 1');
    expect(() => parseDevkitMap('m', '{"1": 3}')).toThrow("entry '1'");
    expect(() => parseDevkitMap('m', '{"1": ')).toThrow('JSON');
  });
});
