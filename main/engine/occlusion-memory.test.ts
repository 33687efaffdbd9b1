import { expect, test } from 'vitest';
import { OcclusionMemory, occlusionOffsets } from './occlusion-memory.ts';

const view = { cropSize: 224, side: 32, label: 1 };

/** Two classes: [top, left]; the whole crop: [0, 9000]. */
function asking() {
  const asked: number[] = [];
  return {
    asked,
    occlude: (corners: Int32Array) => {
      asked.push(corners.length / 2);
      return Promise.resolve(
        Float32Array.from(corners, (value, i) => (value > 300 ? (i % 2 === 0 ? 0 : 9000) : value)),
      );
    },
  };
}

test('squares reach from edge to edge, and a finer map contains the places of a coarser one', () => {
  expect(occlusionOffsets({ ...view, positions: 4 })).toEqual([0, 64, 128, 192]);
  for (const positions of [4, 7, 13]) {
    const coarse = occlusionOffsets({ ...view, positions });
    const fine = occlusionOffsets({ ...view, positions: 2 * positions - 1 });
    expect(fine).toEqual(expect.arrayContaining(coarse));
  }
  expect(occlusionOffsets({ cropSize: 10, side: 40, positions: 3 })).toEqual([0, 0, 0]);
});

test('only what is new is computed: for a finer map, and for another class nothing', async () => {
  const memory = new OcclusionMemory();
  const { asked, occlude } = asking();
  const coarse = await memory.read('a', { ...view, positions: 4 }, occlude);
  expect([...coarse.probabilities]).toEqual([0, 1, 2, 3].flatMap(() => [0, 64, 128, 192]));
  expect(coarse.whole).toBe(9000);
  const fine = await memory.read('a', { ...view, positions: 7 }, occlude);
  expect(fine.probabilities).toHaveLength(49);
  const other = await memory.read('a', { ...view, positions: 4, label: 0 }, occlude);
  expect([...other.probabilities.slice(0, 5)]).toEqual([0, 0, 0, 0, 64]);
  expect(asked).toEqual([17, 33]);
  await memory.read('b', { ...view, positions: 4 }, occlude);
  expect(asked).toEqual([17, 33, 17]);
});
