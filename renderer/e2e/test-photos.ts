// A small data set of real photos, and what is missing to test with: each with the reason.
import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { root } from './test-server.ts';

const photos = join(root, '..', 'shared', 'data', 'photos10');
const classes = 4;

export function findChromium(): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap((folder) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(folder, name)))
    .find((path) => existsSync(path));
}

/** Why the screens cannot be tried here; empty: they can. */
export function whatIsMissing(): string {
  if (findChromium() === undefined) return 'there is no chromium';
  if (!existsSync(photos)) return 'the photos of ../shared/data/photos10 are not here';
  if (!existsSync(join(root, 'renderer/dist/index.html'))) return 'the page is not built';
  if (!existsSync(join(root, 'native/build/release/alexnet.node'))) return 'the engine is not built';
  return '';
}

export interface TestPhotos {
  train: string;
  val: string;
  /** Some photos of the validation folder. */
  some: string[];
}

/** A few photos of four classes, with one file that is none. */
export function copyPhotos(into: string, perClass: { train: number; val: number }): TestPhotos {
  const names = readdirSync(join(photos, 'train')).sort().slice(0, classes);
  const some: string[] = [];
  for (const split of ['train', 'val'] as const) {
    for (const name of names) {
      const target = join(into, split, name);
      mkdirSync(target, { recursive: true });
      for (const file of readdirSync(join(photos, split, name))
        .sort()
        .slice(0, perClass[split])) {
        copyFileSync(join(photos, split, name, file), join(target, file));
        if (split === 'val' && some.length < 3) some.push(join(target, file));
      }
    }
  }
  writeFileSync(join(into, 'train', names[0] ?? '', 'broken.jpg'), 'this is no image');
  return { train: join(into, 'train'), val: join(into, 'val'), some };
}
