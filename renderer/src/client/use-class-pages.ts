// A long table of classes: read page by page, searched by name, sorted by the server.
import { type Ref, ref, type WatchSource } from 'vue';
import type { ChangeTopic } from '../../../main/api/operations/studio.ts';
import type { Sort } from '../components/table-types.ts';
import { useDebounced } from '../composables/use-debounced.ts';
import { type Page, usePages } from './use-pages.ts';

export interface ClassPage<Key> {
  search: string;
  sort: Key;
  descending: boolean;
  offset: number;
  limit: number;
}

/** `keys`: what can be sorted by, the first until something else is chosen. */
export function useClassPages<T, Key extends string>(
  keys: readonly [Key, ...Key[]],
  begin: { descending: boolean },
  load: (page: ClassPage<Key>, signal: AbortSignal) => Promise<Page<T>>,
  options: { sources?: WatchSource[]; topics?: readonly ChangeTopic[]; id?: () => string | undefined } = {},
) {
  const search = ref('');
  const settled = useDebounced(search);
  const sort: Ref<Sort | null> = ref({ key: keys[0], descending: begin.descending });
  const pages = usePages<T>(
    (offset, limit, signal) =>
      load(
        {
          search: settled.value.trim(),
          sort: keys.find((key) => key === sort.value?.key) ?? keys[0],
          descending: sort.value?.descending ?? begin.descending,
          offset,
          limit,
        },
        signal,
      ),
    { ...options, sources: [settled, sort, ...(options.sources ?? [])] },
  );
  return { search, sort, ...pages };
}
