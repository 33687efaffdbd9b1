// A choice of the screen that is kept in this browser: columns, smoothing, log axes.
import { type Ref, ref, watch } from 'vue';

/** `accepts` says whether what was kept is still of the right form. */
export function useRemembered<T>(name: string, initial: T, accepts: (value: unknown) => value is T): Ref<T> {
  const place = `alexnet-studio.${name}`;
  const value = ref(read(place, initial, accepts)) as Ref<T>;
  watch(value, (now) => localStorage.setItem(place, JSON.stringify(now)), { deep: true });
  return value;
}

function read<T>(place: string, initial: T, accepts: (value: unknown) => value is T): T {
  const text = localStorage.getItem(place);
  if (text === null) return initial;
  try {
    const value: unknown = JSON.parse(text);
    return accepts(value) ? value : initial;
  } catch {
    return initial;
  }
}

export const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';
export const isString = (value: unknown): value is string => typeof value === 'string';
export const isNumber = (value: unknown): value is number => typeof value === 'number';
export const isTextList = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string');
