// An action whose failure is shown on the screen, beside what was tried.
import { type Ref, ref, shallowRef } from 'vue';

export interface Attempt {
  busy: Ref<boolean>;
  /** Why the last one failed; cleared by the next. */
  failure: Ref<unknown>;
  /** True where it worked; not begun while one is under way. */
  run: (action: () => Promise<unknown>) => Promise<boolean>;
}

export function useAttempt(): Attempt {
  const busy = ref(false);
  const failure = shallowRef<unknown>();
  async function run(action: () => Promise<unknown>): Promise<boolean> {
    if (busy.value) return false;
    busy.value = true;
    failure.value = undefined;
    try {
      await action();
      return true;
    } catch (error) {
      failure.value = error;
      return false;
    } finally {
      busy.value = false;
    }
  }
  return { busy, failure, run };
}
