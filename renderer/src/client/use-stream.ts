// A stream read for as long as the component is there, or until its source changes.
import { onScopeDispose, type Ref, ref, type WatchSource, watch } from 'vue';
import { useStudio } from './client.ts';
import { follow } from './follow.ts';

export interface StreamOptions {
  /** Opened anew when one of these changes. */
  sources?: WatchSource[];
  enabled?: () => boolean;
  onEnd?: () => void;
}

/** Returns why it failed, undefined while it works. */
export function useStream<Event>(
  open: (signal: AbortSignal) => Promise<AsyncIterable<Event>>,
  onEvent: (event: Event) => void,
  options: StreamOptions = {},
): Ref<unknown> {
  const { connection } = useStudio();
  const error = ref<unknown>();
  let control: AbortController | undefined;

  function start(): void {
    control?.abort();
    error.value = undefined;
    if (options.enabled?.() === false) return;
    const mine = new AbortController();
    control = mine;
    follow(connection, open, onEvent, mine.signal).then(
      () => {
        if (!mine.signal.aborted) options.onEnd?.();
      },
      (failure: unknown) => {
        if (!mine.signal.aborted) error.value = failure;
      },
    );
  }

  start();
  if (options.sources !== undefined) watch(options.sources, start);
  onScopeDispose(() => control?.abort());
  return error;
}
