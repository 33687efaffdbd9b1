// What changed, told to every screen that listens.
import type { Change, ChangeTopic } from '../api/operations/studio.ts';
import { EventQueue } from './event-queue.ts';

export class Changes {
  readonly #listeners = new Set<(change: Change) => void>();

  /** No id: several things, or the list itself. */
  tell(topic: ChangeTopic, id: string | null = null): void {
    for (const listener of this.#listeners) listener({ topic, id });
  }

  /** `first` comes before everything else. */
  stream(first: Change, signal: AbortSignal): AsyncIterableIterator<Change> {
    const listener = (change: Change) => queue.push(change);
    const queue = new EventQueue<Change>(signal, () => this.#listeners.delete(listener));
    if (!signal.aborted) this.#listeners.add(listener);
    queue.push(first);
    return queue;
  }

  /** How many listen. */
  get listeners(): number {
    return this.#listeners.size;
  }
}
