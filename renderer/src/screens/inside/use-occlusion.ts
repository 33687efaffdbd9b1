// An occlusion map that comes coarse at once and then finer, until another is wanted.
import { onScopeDispose, type Ref, ref, shallowRef, watch } from 'vue';
import type { OcclusionView } from '../../../../main/api/operations/inspect.ts';
import { isCancelled } from '../../logic/errors.ts';
import { occlusionSteps } from './occlusion-map.ts';

export function useOcclusion(
  load: (positions: number, signal: AbortSignal) => Promise<OcclusionView>,
  /** What it is about; undefined: nothing is wanted. */
  about: () => string | undefined,
): { view: Ref<OcclusionView | undefined>; busy: Ref<boolean>; error: Ref<unknown> } {
  const view = shallowRef<OcclusionView>();
  const busy = ref(false);
  const error = ref<unknown>();
  let control: AbortController | undefined;

  async function refine(mine: AbortController): Promise<void> {
    busy.value = true;
    try {
      for (const positions of occlusionSteps) {
        const finer = await load(positions, mine.signal);
        if (control !== mine) return;
        view.value = finer;
      }
    } catch (failure) {
      if (control === mine && !isCancelled(failure)) error.value = failure;
    } finally {
      if (control === mine) busy.value = false;
    }
  }

  watch(
    about,
    (wanted) => {
      control?.abort();
      control = undefined;
      view.value = undefined;
      error.value = undefined;
      busy.value = false;
      if (wanted === undefined) return;
      control = new AbortController();
      void refine(control);
    },
    { immediate: true },
  );
  onScopeDispose(() => control?.abort());
  return { view, busy, error };
}
