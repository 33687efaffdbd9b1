// Which columns of a plain table have room in the element around it.
import { computed, type Ref } from 'vue';
import { fittingColumns } from '../components/table-types.ts';
import { useSize } from './use-size.ts';

export interface PlainColumn {
  key: string;
  /** Pixels that it needs at least, with its padding. */
  width: `${number}px`;
  /** Left out where there is no room for all columns, the highest first; without it a column stays. */
  dispensable?: number;
}

/** Before the element's size is known all fit. */
export function useFitting(
  holder: Readonly<Ref<HTMLElement | null>>,
  columns: readonly PlainColumn[],
): { fits: (key: string) => boolean } {
  const { width } = useSize(holder);
  const fitting = computed(() => {
    const shown = width.value === 0 ? columns : fittingColumns(columns, width.value);
    return new Set(shown.map(({ key }) => key));
  });
  return { fits: (key) => fitting.value.has(key) };
}
