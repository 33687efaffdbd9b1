// Lists of photos with their classes: what is read, what is refused with its line.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { scanLabelledList } from './labelled-list.ts';
import { planDataset } from './plan.ts';

let folder: string;
let list: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'alexnet-list-'));
  list = join(folder, 'list.csv');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const scan = (text: string) => {
  writeFileSync(list, text);
  return scanLabelledList(list, folder);
};
const refused = (text: string) =>
  scan(text).then(
    () => 'nothing refused',
    ({ code, message }: { code: string; message: string }) => `${code} ${message.replaceAll(folder, '')}`,
  );

it('reads JSON and commas, and sorts as folders would be', async () => {
  const { classes } = await scan(
    `file,class\nb.jpg,dog\r\n\n"with ""quotes"", and comma.jpg",cat\n${JSON.stringify({
      file: join(folder, 'deep/a.jpg'),
      class: 'dog',
    })}\na, b.jpg,cat\nb.jpg,dog\n`,
  );
  expect(classes).toEqual([
    { folder: 'cat', files: ['a, b.jpg', 'with "quotes", and comma.jpg'] },
    { folder: 'dog', files: ['b.jpg', 'deep/a.jpg'] },
  ]);
});

it('names the line that is wrong', async () => {
  expect(await refused('a.jpg,cat\nb.jpg\n')).toBe(
    'INVALID_LABELS list /list.csv, line 2: it is not file,class',
  );
  expect(await refused('{"file":"a.jpg"}')).toContain('line 1: it is not {"file"');
  expect(await refused('{"file"')).toContain('begins like JSON');
  expect(await refused('a.jpg,cat\n./a.jpg,dog')).toContain("a second class, 'dog' after 'cat'");
  expect(await refused('../a.jpg,cat')).toContain('does not lie in the training folder');
  expect(await refused('\n')).toContain('EMPTY_DATASET');
  rmSync(list);
  await expect(scanLabelledList(list, folder)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

it('becomes a plan, a share held out', async () => {
  const line = (_: unknown, i: number) => `${i}.jpg,${i % 2 === 0 ? 'even' : 'odd'}`;
  writeFileSync(list, Array.from({ length: 20 }, line).join('\n'));
  const plan = await planDataset({ trainFolder: folder, trainLabelsFile: list, valFraction: 0.2 });
  expect(plan.classes).toEqual(['even', 'odd']);
  expect(plan.splits.map(({ split, files }) => [split, files.length])).toEqual([
    ['train', 16],
    ['val', 4],
  ]);
  writeFileSync(list, 'a.jpg,cat');
  await expect(planDataset({ trainFolder: folder, trainLabelsFile: list })).rejects.toMatchObject({
    code: 'EMPTY_DATASET',
  });
});
