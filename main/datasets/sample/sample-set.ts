// Writes the sample data set's pictures as class folders, picking up where an earlier call was stopped.
import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { encodePng } from './png.ts';
import { Studio } from './scene.ts';
import { sampleClasses } from './shapes.ts';

export interface SampleSetOptions {
  /** Gets 'train' and 'val', each with a folder for every class. */
  folder: string;
  trainPerClass: number;
  valPerClass: number;
  signal?: AbortSignal;
  onProgress?: (done: number, total: number) => void;
}

/** Changed whenever the pictures change, so that old ones are not mixed with new ones. */
export const sampleSetVersion = 1;

/** Every picture that is not there yet. Throws what the file system throws, and the signal's reason. */
export async function writeSampleSet(options: SampleSetOptions): Promise<void> {
  const { folder, trainPerClass, valPerClass, signal, onProgress } = options;
  const studio = new Studio(`sample-set-${sampleSetVersion}`);
  const total = sampleClasses.length * (trainPerClass + valPerClass);
  let done = 0;
  for (const [split, perClass] of [
    ['train', trainPerClass],
    ['val', valPerClass],
  ] as const) {
    for (const thing of sampleClasses) {
      const classFolder = join(folder, split, thing.name);
      await mkdir(classFolder, { recursive: true });
      for (let i = 0; i < perClass; i++) {
        const file = join(classFolder, `${thing.name}-${String(i).padStart(4, '0')}.png`);
        if (!existsSync(file)) {
          signal?.throwIfAborted();
          const picture = studio.take(thing, `sample-set-${sampleSetVersion}/${split}/${thing.name}/${i}`);
          const unfinished = `${file}.part`;
          await writeFile(unfinished, encodePng(picture.width, picture.height, picture.rgb));
          await rename(unfinished, file);
          await setImmediate();
        }
        done++;
        onProgress?.(done, total);
      }
    }
  }
}
