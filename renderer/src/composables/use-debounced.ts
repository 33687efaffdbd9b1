// A value as it was when typing paused.
import { onScopeDispose, type Ref, shallowRef, watch } from 'vue';

export function useDebounced<T>(source: Readonly<Ref<T>>, ms = 200): Readonly<Ref<T>> {
  // The very value, so that it can be told whether it is the newest.
  const settled = shallowRef(source.value);
  let timer: ReturnType<typeof setTimeout> | undefined;
  watch(source, (value) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      settled.value = value;
    }, ms);
  });
  onScopeDispose(() => clearTimeout(timer));
  return settled;
}
