// Something read from the studio and kept fresh: loaded when the connection is there, read again when it changed,
// with the states a screen must show: loading, failed, offline, there.
import { onScopeDispose, type Ref, ref, shallowRef, type WatchSource, watch } from 'vue';
import type { ChangeTopic } from '../../../main/api/operations/studio.ts';
import { isCancelled, OfflineError } from '../logic/errors.ts';
import { useChanges } from './changes.ts';
import { useStudio } from './client.ts';

export interface Loaded<T> {
  /** What was read last; undefined until the first answer. */
  data: Ref<T | undefined>;
  /** Why the last reading failed; cleared by the next that works. */
  error: Ref<unknown>;
  loading: Ref<boolean>;
  reload: () => Promise<void>;
}

export interface LoadOptions {
  /** Read again when one of these changes ... */
  topics?: readonly ChangeTopic[];
  /** ... with this id. */
  id?: () => string | undefined;
  /** Read anew when one of these changes; what was read for the old value is dropped unless `keep`. */
  sources?: WatchSource[];
  keep?: boolean;
  /** Not read while this is false. */
  enabled?: () => boolean;
}

/** Changes come in bursts while a run trains: read at most this often. */
const restMs = 250;

export function useLoad<T>(load: (signal: AbortSignal) => Promise<T>, options: LoadOptions = {}): Loaded<T> {
  const { connection } = useStudio();
  const data = shallowRef<T | undefined>();
  const error = ref<unknown>();
  const loading = ref(false);
  let underWay: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** It changed again while an answer is on its way. */
  let stale = false;

  async function reload(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    stale = false;
    if (underWay !== undefined) {
      underWay.abort();
      underWay = undefined;
      loading.value = false;
    }
    if (options.enabled?.() === false) return;
    const control = new AbortController();
    underWay = control;
    loading.value = true;
    try {
      const answer = await load(control.signal);
      if (underWay !== control) return;
      data.value = answer;
      error.value = undefined;
    } catch (failure) {
      if (underWay !== control || isCancelled(failure)) return;
      // What is on the screen stays there while the connection is mended; the frame says that it is.
      if (!(failure instanceof OfflineError && data.value !== undefined)) error.value = failure;
    } finally {
      if (underWay === control) {
        underWay = undefined;
        loading.value = false;
        if (stale) soon();
      }
    }
  }

  function soon(): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      // An answer that takes longer than the time between two changes still comes to be shown.
      if (underWay !== undefined) stale = true;
      else void reload();
    }, restMs);
  }

  useChanges(
    () => options.topics ?? [],
    () => options.id?.(),
    soon,
  );
  if (options.sources !== undefined) {
    watch(options.sources, () => {
      if (options.keep !== true) {
        data.value = undefined;
        error.value = undefined;
      }
      void reload();
    });
  }
  const stop = connection.onState(({ kind }) => {
    if (kind === 'open' && data.value === undefined) void reload();
    else if (kind === 'waiting' && data.value === undefined) error.value = new OfflineError();
  });
  loading.value = data.value === undefined;
  onScopeDispose(() => {
    stop();
    clearTimeout(timer);
    underWay?.abort();
    underWay = undefined;
  });
  return { data, error, loading, reload };
}
