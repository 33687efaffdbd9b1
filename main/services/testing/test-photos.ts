// Folders of small pictures for tests with the real engine.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodePng } from '../../datasets/sample/png.ts';
import { Studio as PictureStudio } from '../../datasets/sample/scene.ts';
import { sampleClasses } from '../../datasets/sample/shapes.ts';

/** `perClass` pictures for each of the first `classes` kinds of things, as class folders. */
export function writeTestPhotos(folder: string, classes: number, perClass: number, seed: string): void {
  const studio = new PictureStudio(seed);
  for (const thing of sampleClasses.slice(0, classes)) {
    mkdirSync(join(folder, thing.name), { recursive: true });
    for (let i = 0; i < perClass; i++) {
      const { width, height, rgb } = studio.take(thing, `${seed}/${thing.name}/${i}`);
      writeFileSync(join(folder, thing.name, `${i}.png`), encodePng(width, height, rgb));
    }
  }
}
