// The plan of a sorting: each photo of a sweep gets its place, or stays with a reason. Nothing is touched.
import { lstat, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { SortSettings } from '../../api/operations/sorting.ts';
import type { StoredPrediction } from '../../api/predictions.ts';
import type { WritableDatabase } from '../../data/database.ts';
import { insertSortedFiles, isTarget, numberedNote, type StoredFile } from '../../data/sortings.ts';
import { ClassFolders, looksLikeCopy, numbered, unsureFolder } from './targets.ts';

/** Finds each photo its place, in the order of the answers. */
export class Planner {
  readonly #db: WritableDatabase;
  readonly #id: string;
  readonly #settings: SortSettings;
  readonly #folders = new ClassFolders();
  /** The next number for a name that is taken. */
  readonly #numbers = new Map<string, number>();
  #rows: StoredFile[] = [];
  /** Of #rows, which are not stored yet. */
  readonly #targets = new Set<string>();

  constructor(db: WritableDatabase, id: string, settings: SortSettings) {
    this.#db = db;
    this.#id = id;
    this.#settings = settings;
  }

  async add({ path, answers }: StoredPrediction): Promise<void> {
    const { to, threshold, unsure } = this.#settings;
    const left = (note: string) => this.#push({ source: path, note, state: 'left' });
    if (!Array.isArray(answers)) return left('it could not be read');
    const [answer] = answers;
    const sure = answer !== undefined && answer.probability >= threshold;
    if (!sure && unsure === 'leave') return left('the model was not sure enough');
    const found = await stat(path).catch(() => undefined);
    if (!found?.isFile()) return left('the photo is not there any more');
    const folder = sure ? this.#folders.of(answer.name) : unsureFolder;
    const facts = { source: path, folder, sizeBytes: found.size, modifiedAt: Math.floor(found.mtimeMs) };
    const place = await this.#place(join(to, folder), facts);
    if (place === undefined) return left('a file of its name is there already');
    if (place.there) return left('it is there already');
    const note = place.number === 1 ? '' : numberedNote;
    this.#targets.add(place.target);
    this.#push({ ...facts, target: place.target, note, state: 'planned' });
  }

  async flush(): Promise<void> {
    await this.#db.whenFree(() => insertSortedFiles(this.#db, this.#id, this.#rows));
    this.#rows = [];
    this.#targets.clear();
  }

  /** A free name; `there`: the photo itself has it, from an earlier sorting. Undefined: taken, and no number wanted. */
  async #place(
    folder: string,
    file: { source: string; sizeBytes: number; modifiedAt: number },
  ): Promise<{ target: string; number: number; there: boolean } | undefined> {
    const name = basename(file.source);
    const key = join(folder, name);
    for (let number = 1; ; number++) {
      const target = numbered(folder, name, number);
      const found = await lstat(target).catch(() => undefined);
      if (found !== undefined) {
        if (target === file.source || looksLikeCopy(found, file)) return { target, number, there: true };
      } else {
        // Names that this plan gives away are passed over at once.
        const next = this.#numbers.get(key) ?? 1;
        if (number < next) {
          if (this.#settings.collisions === 'skip') return undefined;
          number = next - 1;
          continue;
        }
        if (!this.#targets.has(target) && !isTarget(this.#db, this.#id, target)) {
          this.#numbers.set(key, number + 1);
          return { target, number, there: false };
        }
      }
      if (this.#settings.collisions === 'skip') return undefined;
    }
  }

  #push(file: Pick<StoredFile, 'source' | 'state' | 'note'> & Partial<StoredFile>): void {
    this.#rows.push({ target: null, folder: '', sizeBytes: 0, modifiedAt: null, ...file });
  }
}
