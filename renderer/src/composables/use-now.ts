// The time of the clock, for what is shown as 'ago' and 'left'.
import { onScopeDispose, type Ref, ref } from 'vue';

export function useNow(everyMs = 1000): Ref<number> {
  const now = ref(Date.now());
  const timer = setInterval(() => {
    now.value = Date.now();
  }, everyMs);
  onScopeDispose(() => clearInterval(timer));
  return now;
}
