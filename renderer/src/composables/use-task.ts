// An action behind a button: busy while it runs, its failure told.
import { type Ref, ref } from 'vue';
import { useToasts } from '../stores/toasts.ts';

export function useTask(): {
  busy: Ref<boolean>;
  run: (failure: string, action: () => Promise<unknown>) => Promise<boolean>;
} {
  const busy = ref(false);
  const toasts = useToasts();
  /** True where it worked. */
  async function run(failure: string, action: () => Promise<unknown>): Promise<boolean> {
    if (busy.value) return false;
    busy.value = true;
    try {
      await action();
      return true;
    } catch (error) {
      toasts.fail(failure, error);
      return false;
    } finally {
      busy.value = false;
    }
  }
  return { busy, run };
}
