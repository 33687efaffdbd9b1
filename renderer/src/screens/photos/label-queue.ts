// The photos that wait for a label, the least sure first. Labels are given at once and kept in order behind the keys;
// one that could not be kept comes back.
import { computed, onScopeDispose, type Ref, ref, shallowRef } from 'vue';
import type { PhotoToLabel } from '../../../../main/api/operations/labels.ts';
import { isCancelled } from '../../logic/errors.ts';

export interface LabelCalls {
  next: (limit: number, signal: AbortSignal) => Promise<PhotoToLabel[]>;
  /** Null: passed over. */
  give: (id: number, className: string | null) => Promise<unknown>;
  takeBack: (id: number) => Promise<unknown>;
}

export interface LabelQueue {
  current: Readonly<Ref<PhotoToLabel | undefined>>;
  /** Nothing waits any more. */
  empty: Readonly<Ref<boolean>>;
  /** Labelled or passed over since the queue was begun. */
  done: Readonly<Ref<number>>;
  canTakeBack: Readonly<Ref<boolean>>;
  failure: Ref<unknown>;
  /** Forgets what it has and reads anew. */
  restart: () => Promise<void>;
  give: (className: string | null) => void;
  takeBack: () => void;
  /** When everything that was said is kept. */
  settled: () => Promise<void>;
}

const atOnce = 20;
const fewLeft = 5;

export function useLabelQueue(calls: LabelCalls): LabelQueue {
  const waiting = shallowRef<readonly PhotoToLabel[]>([]);
  const given = shallowRef<readonly PhotoToLabel[]>([]);
  const failure = shallowRef<unknown>();
  const atEnd = ref(false);
  let reading: AbortController | undefined;
  /** What was said is kept one after the other. */
  let work: Promise<void> = Promise.resolve();
  onScopeDispose(() => reading?.abort());

  async function fill(): Promise<void> {
    const mine = new AbortController();
    reading = mine;
    try {
      const found = await calls.next(atOnce, mine.signal);
      if (reading !== mine) return;
      const known = new Set([...waiting.value, ...given.value].map(({ id }) => id));
      waiting.value = [...waiting.value, ...found.filter(({ id }) => !known.has(id))];
      atEnd.value = found.length < atOnce;
    } catch (error) {
      if (reading === mine && !isCancelled(error)) failure.value = error;
    } finally {
      if (reading === mine) reading = undefined;
    }
  }

  async function restart(): Promise<void> {
    reading?.abort();
    reading = undefined;
    waiting.value = [];
    given.value = [];
    failure.value = undefined;
    atEnd.value = false;
    await work;
    await fill();
  }

  function after(step: () => Promise<void>): void {
    work = work.then(step);
  }

  function give(className: string | null): void {
    const [photo, ...rest] = waiting.value;
    if (photo === undefined) return;
    failure.value = undefined;
    waiting.value = rest;
    given.value = [...given.value, photo];
    after(async () => {
      try {
        await calls.give(photo.id, className);
      } catch (error) {
        failure.value = error;
        given.value = given.value.filter(({ id }) => id !== photo.id);
        // It may have been taken back meanwhile.
        waiting.value = [photo, ...waiting.value.filter(({ id }) => id !== photo.id)];
        return;
      }
      if (waiting.value.length < fewLeft && !atEnd.value && reading === undefined) await fill();
    });
  }

  function takeBack(): void {
    const photo = given.value.at(-1);
    if (photo === undefined) return;
    failure.value = undefined;
    given.value = given.value.slice(0, -1);
    waiting.value = [photo, ...waiting.value];
    after(async () => {
      try {
        await calls.takeBack(photo.id);
      } catch (error) {
        failure.value = error;
        waiting.value = waiting.value.filter(({ id }) => id !== photo.id);
        given.value = [...given.value, photo];
      }
    });
  }

  return {
    current: computed(() => waiting.value[0]),
    empty: computed(() => waiting.value.length === 0 && atEnd.value),
    done: computed(() => given.value.length),
    canTakeBack: computed(() => given.value.length > 0),
    failure,
    restart,
    give,
    takeBack,
    settled: () => work,
  };
}
