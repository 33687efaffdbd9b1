import { expect, expectTypeOf, it } from 'vitest';
import * as z from 'zod';
import { contract, type StudioClient } from './contract.ts';
import { AppError } from './errors.ts';
import { imageUrls, photoUploadUrl } from './image-urls.ts';
import { isOperation, type Operation, type OperationTable } from './operation.ts';
import { fromWire, toWireData } from './wire-error.ts';

function operations(table: OperationTable, path = ''): [path: string, operation: Operation][] {
  return Object.entries(table).flatMap(([name, entry]): [string, Operation][] => {
    const here = path === '' ? name : `${path}.${name}`;
    return isOperation(entry) ? [[here, entry]] : operations(entry, here);
  });
}

const all = operations(contract);

it('has operations with schemas only', () => {
  expect(all.length).toBeGreaterThan(60);
  for (const [path, operation] of all) {
    expect(['call', 'stream'], path).toContain(operation.kind);
    expect(operation.input, path).toBeInstanceOf(z.ZodType);
    expect(operation.output, path).toBeInstanceOf(z.ZodType);
  }
});

it('streams what goes on, and calls everything else', () => {
  const streams = all.filter(([, { kind }]) => kind === 'stream').map(([path]) => path);
  expect(streams.sort()).toEqual([
    'classify.photosWith',
    'devices.load',
    'jobs.watch',
    'runs.liveKernels',
    'runs.watch',
    'studio.changes',
  ]);
});

it('fills in defaults of inputs and refuses what is not in range', () => {
  expect(contract.runs.list.input.parse({})).toEqual({
    offset: 0,
    limit: 100,
    search: '',
    sort: 'createdAt',
    descending: true,
  });
  expect(contract.runs.list.input.safeParse({ limit: 1001 }).success).toBe(false);
  expect(contract.datasets.images.input.safeParse({ id: 'd', split: 'test' }).success).toBe(false);
});

it('gives clients typed functions, those without an input too', () => {
  const uses = (client: StudioClient, signal: AbortSignal) => [
    () => client.devices.list(),
    () => client.studio.changes(undefined, { signal }),
    () => client.runs.watch({ id: 'r', afterStep: 3 }, { signal }),
  ];
  expect(uses).toHaveLength(2);
  expectTypeOf<StudioClient['devices']['list']>().returns.resolves.toBeArray();
  expectTypeOf<StudioClient['runs']['watch']>().parameter(0).toHaveProperty('id').toBeString();
});

it('makes paths from ids alone', () => {
  expect(imageUrls.record('d1', 'train', 7, 64)).toBe('/images/dataset/d1/train/7?size=64');
  const crop = { top: 1, left: 2, size: 224, mirror: true, colour: [1.5, 0, -2] as const };
  expect(imageUrls.recordCrop('d1', 'val', 7, crop)).toBe(
    '/images/dataset/d1/val/7?top=1&left=2&crop=224&mirror=1&colour=1.5%2C0%2C-2',
  );
  expect(imageUrls.original('../etc', 'val', 0)).toBe('/images/original/..%2Fetc/val/0');
  expect(photoUploadUrl('a b&c.jpg')).toBe('/photos?name=a%20b%26c.jpg');
});

it('brings errors of the application back, and leaves others as they are', () => {
  const data = toWireData({ code: 'NAME_TAKEN', message: 'taken', details: { name: 'x' } });
  const crossed = Object.assign(new Error('taken'), { code: 'NAME_TAKEN', data });
  const back = fromWire(crossed);
  expect(back).toBeInstanceOf(AppError);
  expect(back).toMatchObject({ code: 'NAME_TAKEN', message: 'taken', details: { name: 'x' } });
  const broken = new Error('closed');
  expect(fromWire(broken)).toBe(broken);
  expect(toWireData({ code: 'IO', message: 'x' })).toEqual({});
});
