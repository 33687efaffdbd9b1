// Pictures that were made for a screen a moment ago, by an id that nobody can guess; the oldest go.
import { AppError } from '../api/errors.ts';
import { newId } from '../data/ids.ts';

const mostKept = 64;

export class MadePictures {
  readonly #kept = new Map<string, Uint8Array>();

  /** PNG bytes; returns their id. */
  keep(png: Uint8Array): string {
    const id = newId();
    this.#kept.set(id, png);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= mostKept) break;
      this.#kept.delete(oldest);
    }
    return id;
  }

  /** Throws NOT_FOUND. */
  get(id: string): Uint8Array {
    const png = this.#kept.get(id);
    if (png === undefined)
      throw new AppError('NOT_FOUND', 'this picture is not kept any more; ask for it again');
    return png;
  }
}
