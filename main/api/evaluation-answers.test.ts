import { expect, it } from 'vitest';
import {
  type Answers,
  blockImages,
  decodeBlock,
  decodeBlocks,
  emptyAnswers,
  encodeBlocks,
  isRight,
} from './evaluation-answers.ts';

function numbered(images: number): Answers {
  const answers = emptyAnswers(images);
  answers.labels.forEach((_, i) => {
    answers.labels[i] = i % 1000;
    answers.trueProbability[i] = i / images;
  });
  answers.top5.forEach((_, i) => {
    answers.top5[i] = (i * 7) % 1000;
    answers.top5Probability[i] = 1 / (i + 1);
  });
  return answers;
}

it('gives back what was put into blocks, whatever the number of images', () => {
  for (const images of [0, 1, blockImages, blockImages + 1, 3 * blockImages - 1]) {
    const answers = numbered(images);
    const blocks = [...encodeBlocks(answers)];
    expect(blocks).toHaveLength(Math.ceil(images / blockImages));
    // As a database gives them: at any place in a larger buffer.
    const moved = blocks.map((block) => {
      const buffer = Buffer.alloc(block.length + 3);
      buffer.set(block, 3);
      return buffer.subarray(3);
    });
    expect(decodeBlocks(moved, images)).toEqual(answers);
  }
});

it('refuses blocks that are torn, missing or too many', () => {
  const blocks = [...encodeBlocks(numbered(blockImages + 5))];
  expect(() => decodeBlock(new Uint8Array(47))).toThrow(RangeError);
  expect(() => decodeBlocks(blocks, blockImages + 4)).toThrow(RangeError);
  expect(() => decodeBlocks(blocks.slice(1), blockImages + 5)).toThrow(RangeError);
});

it('says what is right, by the label or without it', () => {
  const answers = emptyAnswers(3);
  answers.labels.set([4, 4, -1]);
  answers.top5.set([4, 0, 0, 0, 0, 3, 4, 0, 0, 0, 9, 0, 0, 0, 0]);
  answers.top5Probability.set([0.5, 0, 0, 0, 0, 0.5, 0, 0, 0, 0, 0.5]);
  answers.trueProbability.set([0.5, 0.25, 0.5]);
  expect([0, 1, 2].map((image) => isRight(answers, image))).toEqual([true, false, true]);
  answers.trueProbability[0] = Number.NaN;
  expect(isRight(answers, 0)).toBe(false);
});
