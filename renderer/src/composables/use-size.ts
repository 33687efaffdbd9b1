// The size of an element as it changes.
import { onScopeDispose, type Ref, ref, watch } from 'vue';

export function useSize(element: Readonly<Ref<HTMLElement | null>>): {
  width: Ref<number>;
  height: Ref<number>;
} {
  const width = ref(0);
  const height = ref(0);
  const observer = new ResizeObserver((entries) => {
    const size = entries.at(-1)?.contentRect;
    width.value = size?.width ?? 0;
    height.value = size?.height ?? 0;
  });
  watch(
    element,
    (now, before) => {
      if (before) observer.unobserve(before);
      if (now) observer.observe(now);
    },
    { immediate: true, flush: 'post' },
  );
  onScopeDispose(() => observer.disconnect());
  return { width, height };
}
