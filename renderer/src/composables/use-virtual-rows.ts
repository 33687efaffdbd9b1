// The rows of a long list that are in view, and where they lie: TanStack Virtual, on the scale of scroll-scale.ts.
import { useVirtualizer } from '@tanstack/vue-virtual';
import { computed, type Ref, ref } from 'vue';
import { layoutHeight, toOffset, toScrollTop } from './scroll-scale.ts';

export interface PlacedRow {
  index: number;
  /** From the top of what is laid out, in pixels. */
  top: number;
}

interface RowsOptions {
  count: number;
  rowHeight: number;
  overscan?: number;
  /** Pixels that a head which stays covers at the top. */
  head?: number;
}

const restMs = 150;

export function useVirtualRows(scroller: Readonly<Ref<HTMLElement | null>>, options: () => RowsOptions) {
  /** How far what is seen lies from where it would be without the scale. */
  const shift = ref(0);
  const real = computed(() => options().count * options().rowHeight);
  const scale = () => ({ real: real.value, viewport: scroller.value?.clientHeight ?? 0 });

  const virtualizer = useVirtualizer(
    computed(() => {
      const { count, rowHeight, overscan = 8 } = options();
      return {
        count,
        overscan,
        getScrollElement: () => scroller.value,
        estimateSize: () => rowHeight,
        observeElementOffset: (
          { scrollElement }: { scrollElement: HTMLElement | null },
          tell: (offset: number, isScrolling: boolean) => void,
        ) => {
          if (scrollElement === null) return undefined;
          let rest: ReturnType<typeof setTimeout> | undefined;
          const look = (isScrolling: boolean) => {
            const offset = toOffset(scale(), scrollElement.scrollTop);
            shift.value = scrollElement.scrollTop - offset;
            tell(offset, isScrolling);
          };
          const onScroll = () => {
            look(true);
            clearTimeout(rest);
            rest = setTimeout(() => look(false), restMs);
          };
          look(false);
          scrollElement.addEventListener('scroll', onScroll, { passive: true });
          return () => {
            clearTimeout(rest);
            scrollElement.removeEventListener('scroll', onScroll);
          };
        },
      };
    }),
  );

  const rows = computed<PlacedRow[]>(() =>
    virtualizer.value.getVirtualItems().map(({ index, start }) => ({ index, top: start + shift.value })),
  );
  const height = computed(() => layoutHeight({ real: real.value, viewport: 0 }));

  /** Scrolls as little as shows the row. */
  function reveal(index: number): void {
    const element = scroller.value;
    if (element === null) return;
    const { rowHeight, head = 0 } = options();
    const viewport = scale().viewport - head;
    const offset = toOffset(scale(), element.scrollTop);
    const top = index * rowHeight;
    const bottom = top + rowHeight;
    if (top < offset) element.scrollTop = toScrollTop(scale(), top);
    else if (bottom > offset + viewport) element.scrollTop = toScrollTop(scale(), bottom - viewport);
  }

  /** After a change of the row height. */
  function measure(): void {
    virtualizer.value.measure();
  }

  return { rows, height, reveal, measure };
}
