// What people call a class whose folder is named by a code: ImageNet's WordNet ids.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Of classes that nobody has named: a model's file need not have names. */
export function placeholderNames(classes: number): string[] {
  return Array.from({ length: classes }, (_, label) => `class ${label}`);
}

export class ClassNames {
  readonly #file: string;
  #names: ReadonlyMap<string, string> | undefined;

  /** `folder`: resources/class-names. */
  constructor(folder: string) {
    this.#file = join(folder, 'imagenet-2012.json');
  }

  /** The name, or the folder itself where there is none. */
  of(folder: string): string {
    return this.#all().get(folder) ?? folder;
  }

  /** ImageNet's 1,000 WordNet ids in class order, which is that of the sorted ids. */
  ids(): string[] {
    return [...this.#all().keys()].sort();
  }

  /** Their names, in the same order. */
  imagenet(): string[] {
    return this.ids().map((id) => this.of(id));
  }

  #all(): ReadonlyMap<string, string> {
    if (this.#names === undefined) {
      const names = JSON.parse(readFileSync(this.#file, 'utf8')) as Record<string, string>;
      this.#names = new Map(Object.entries(names));
    }
    return this.#names;
  }
}
