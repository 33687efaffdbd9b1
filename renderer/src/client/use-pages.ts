// A long list read page by page as it is scrolled: rows that are not there yet are undefined.
import { onScopeDispose, ref, shallowRef, triggerRef, type WatchSource, watch } from 'vue';
import type { ChangeTopic } from '../../../main/api/operations/studio.ts';
import { isCancelled, OfflineError } from '../logic/errors.ts';
import { useChanges } from './changes.ts';
import { useStudio } from './client.ts';

export interface Page<T> {
  total: number;
  rows: readonly T[];
}

export interface PagesOptions {
  sources?: WatchSource[];
  topics?: readonly ChangeTopic[];
  id?: () => string | undefined;
  pageSize?: number;
}

export function usePages<T>(
  load: (offset: number, limit: number, signal: AbortSignal) => Promise<Page<T>>,
  options: PagesOptions = {},
) {
  const { connection } = useStudio();
  const size = options.pageSize ?? 100;
  const pages = shallowRef(new Map<number, readonly T[]>());
  const total = ref<number | undefined>();
  const error = ref<unknown>();
  const asked = new Set<number>();
  let control = new AbortController();
  let seen: [number, number] = [0, 0];
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function read(page: number): Promise<void> {
    const { signal } = control;
    asked.add(page);
    try {
      const answer = await load(page * size, size, signal);
      if (signal.aborted) return;
      pages.value.set(page, answer.rows);
      total.value = answer.total;
      error.value = undefined;
      triggerRef(pages);
    } catch (failure) {
      if (signal.aborted || isCancelled(failure)) return;
      asked.delete(page);
      if (!(failure instanceof OfflineError && total.value !== undefined)) error.value = failure;
    }
  }

  function wanted(): number[] {
    const first = Math.floor(seen[0] / size);
    const last = Math.floor(seen[1] / size);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  }

  function want(first: number, last: number): void {
    seen = [first, last];
    for (const page of wanted()) if (!asked.has(page)) void read(page);
  }

  /** Reads what is in view again; the rest when it comes into view. */
  async function reload(drop = false): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    control.abort();
    control = new AbortController();
    asked.clear();
    if (drop) {
      pages.value = new Map();
      total.value = undefined;
      seen = [0, 0];
    } else {
      const inView = new Set(wanted());
      for (const page of pages.value.keys()) if (!inView.has(page)) pages.value.delete(page);
    }
    error.value = undefined;
    await Promise.all(wanted().map((page) => read(page)));
  }

  useChanges(
    () => options.topics ?? [],
    () => options.id?.(),
    () => {
      timer ??= setTimeout(() => void reload(), 300);
    },
  );
  if (options.sources !== undefined) watch(options.sources, () => void reload(true));
  const stop = connection.onState(({ kind }) => {
    if (kind === 'open' && total.value === undefined) void reload();
    else if (kind === 'waiting' && total.value === undefined) error.value = new OfflineError();
  });
  onScopeDispose(() => {
    stop();
    clearTimeout(timer);
    control.abort();
  });

  const rowAt = (index: number): T | undefined => pages.value.get(Math.floor(index / size))?.[index % size];
  return { total, error, rowAt, want, reload };
}
