import { expect, it } from 'vitest';
import { effectScope } from 'vue';
import type { PhotoToLabel } from '../../../../main/api/operations/labels.ts';
import { type LabelQueue, useLabelQueue } from './label-queue.ts';

/** A studio with photos 1, 2, ... that keeps what it is told. */
function studio(photos: number) {
  const labels = new Map<number, string | null>();
  const state = { broken: false };
  const refuse = () => {
    if (state.broken) throw new Error('the disk is full');
  };
  const next = (limit: number): Promise<PhotoToLabel[]> =>
    Promise.resolve(
      Array.from({ length: photos }, (_, i) => i + 1)
        .filter((id) => !labels.has(id))
        .slice(0, limit)
        .map((id) => ({ id, path: `/p/${id}.jpg`, name: `${id}.jpg`, image: '', answers: [] })),
    );
  const give = async (id: number, className: string | null) => {
    await Promise.resolve();
    refuse();
    labels.set(id, className);
  };
  const takeBack = async (id: number) => {
    await Promise.resolve();
    refuse();
    labels.delete(id);
  };
  return { labels, state, calls: { next, give, takeBack } };
}

async function begin(photos: number) {
  const { labels, state, calls } = studio(photos);
  const queue = effectScope().run(() => useLabelQueue(calls)) as LabelQueue;
  await queue.restart();
  return { labels, state, queue };
}

it('asks for every photo once, however many there are', async () => {
  const { labels, queue } = await begin(57);
  const seen: number[] = [];
  while (!queue.empty.value) {
    const id = queue.current.value?.id;
    if (id !== undefined) seen.push(id);
    queue.give('cat');
    await queue.settled();
  }
  expect(seen).toEqual(Array.from({ length: 57 }, (_, i) => i + 1));
  expect(labels.size).toBe(57);
});

it('keeps what was said faster than it is kept, and takes it back in turn', async () => {
  const { labels, queue } = await begin(8);
  for (const name of ['cat', null, 'dog']) queue.give(name);
  expect(queue.current.value?.id).toBe(4);
  queue.takeBack();
  expect([queue.current.value?.id, queue.done.value]).toEqual([3, 2]);
  await queue.settled();
  expect([...labels]).toEqual([
    [1, 'cat'],
    [2, null],
  ]);
});

it('shows a photo again whose label could not be kept', async () => {
  const { labels, state, queue } = await begin(3);
  state.broken = true;
  queue.give('cat');
  await queue.settled();
  expect(queue.failure.value).toEqual(new Error('the disk is full'));
  expect([queue.current.value?.id, queue.done.value, labels.size]).toEqual([1, 0, 0]);
  state.broken = false;
  queue.give('cat');
  await queue.settled();
  expect([queue.failure.value, labels.get(1)]).toEqual([undefined, 'cat']);
});
