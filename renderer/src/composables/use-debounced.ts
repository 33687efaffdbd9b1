// A value as it was when typing paused.
import { onScopeDispose, type Ref, ref, watch } from 'vue';

export function useDebounced<T>(source: Readonly<Ref<T>>, ms = 200): Readonly<Ref<T>> {
  const settled = ref(source.value) as Ref<T>;
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
