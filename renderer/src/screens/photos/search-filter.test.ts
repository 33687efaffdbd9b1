import { expect, it } from 'vitest';
import { everything, toRequest } from './search-filter.ts';

it('asks for everything where nothing is chosen', () => {
  expect(toRequest({ ...everything })).toEqual({ order: 'newest' });
});

it('asks for shares, whole days and trimmed folders', () => {
  const request = toRequest({
    className: 'cat',
    model: 'first',
    folder: ' /photos ',
    least: 20,
    most: 75,
    from: '2026-11-01',
    to: '2026-11-01',
    order: 'unsure',
  });
  expect(request).toMatchObject({ className: 'cat', model: 'first', folder: '/photos', order: 'unsure' });
  expect([request.least, request.most]).toEqual([0.2, 0.75]);
  expect((request.to ?? 0) - (request.from ?? 0)).toBe(24 * 3_600_000 - 1);
});
