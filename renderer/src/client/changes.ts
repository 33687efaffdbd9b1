// Which parts of what is shown are stale: the studio tells what changed, the screens read it again.
import { type InjectionKey, inject, onScopeDispose } from 'vue';
import type { Change, ChangeTopic } from '../../../main/api/operations/studio.ts';

export class Changes {
  readonly #listeners = new Set<(change: Change) => void>();

  tell(change: Change): void {
    for (const listener of [...this.#listeners]) listener(change);
  }

  listen(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

export const changesKey: InjectionKey<Changes> = Symbol('changes');

/** Every fresh connection counts as a change of everything: nobody told what happened meanwhile. */
export function concerns(change: Change, topics: readonly ChangeTopic[], id?: string): boolean {
  if (change.topic === 'connected') return true;
  return topics.includes(change.topic) && (id === undefined || change.id === null || change.id === id);
}

export function useChanges(
  topics: () => readonly ChangeTopic[],
  id: () => string | undefined,
  onChange: () => void,
): void {
  const changes = inject(changesKey);
  const stop = changes?.listen((change) => {
    if (concerns(change, topics(), id())) onChange();
  });
  onScopeDispose(() => stop?.());
}
