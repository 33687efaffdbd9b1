import { expect, it } from 'vitest';
import { Changes } from './changes.ts';
import { EventQueue } from './event-queue.ts';
import { collect } from './testing/collect.ts';

it('hands events on in order, whether the reader or the writer is first', async () => {
  const queue = new EventQueue<number>(new AbortController().signal, () => {});
  const early = queue.next();
  for (const event of [1, 2, 3]) queue.push(event);
  queue.end();
  queue.push(4);
  expect(await early).toEqual({ done: false, value: 1 });
  const rest: number[] = [];
  for await (const event of queue) rest.push(event);
  expect(rest).toEqual([2, 3]);
});

it('ends a waiting reader when the signal is aborted, and cleans up once', async () => {
  const controller = new AbortController();
  let cleaned = 0;
  const queue = new EventQueue<number>(controller.signal, () => {
    cleaned++;
  });
  const waiting = queue.next();
  controller.abort();
  expect(await waiting).toEqual({ done: true, value: undefined });
  await queue.return();
  expect(cleaned).toBe(1);
});

it('ends at once where the signal was aborted before', async () => {
  const queue = new EventQueue<number>(AbortSignal.abort(), () => {});
  expect(await queue.next()).toEqual({ done: true, value: undefined });
});

it('tells changes to everyone who listens, and to nobody who left', async () => {
  const changes = new Changes();
  const controllers = [new AbortController(), new AbortController()] as const;
  const streams = controllers.map(({ signal }) => changes.stream({ topic: 'connected', id: 'i' }, signal));
  expect(changes.listeners).toBe(2);
  changes.tell('runs', 'r1');
  controllers[0].abort();
  expect(changes.listeners).toBe(1);
  changes.tell('jobs');
  controllers[1].abort();
  const heard = await Promise.all(streams.map((stream) => collect(stream)));
  expect(heard).toEqual([
    [
      { topic: 'connected', id: 'i' },
      { topic: 'runs', id: 'r1' },
    ],
    [
      { topic: 'connected', id: 'i' },
      { topic: 'runs', id: 'r1' },
      { topic: 'jobs', id: null },
    ],
  ]);
});
