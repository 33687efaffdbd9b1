// What a model answered to every image of a split, in pack order, as typed arrays, and as the blocks of bytes that it is
// stored and sent in. A million images are 48 MB; as JSON they would be ten times that.

/** Answers kept an image. */
export const answersKept = 5;
/** Images of a block; the last has what is left. */
export const blockImages = 8192;
/** label, five classes, five probabilities, the truth's probability: 4 bytes each. */
const imageBytes = 4 * (2 + 2 * answersKept);

export interface Answers {
  images: number;
  /** [images]; -1 where it is not known any more. */
  labels: Int32Array;
  /** [images, 5], the most probable first; -1 where there are fewer classes. */
  top5: Int32Array;
  /** [images, 5] */
  top5Probability: Float32Array;
  /** [images] */
  trueProbability: Float32Array;
}

export function emptyAnswers(images: number): Answers {
  return {
    images,
    labels: new Int32Array(images),
    top5: new Int32Array(images * answersKept),
    top5Probability: new Float32Array(images * answersKept),
    trueProbability: new Float32Array(images),
  };
}

/** A block's arrays over one piece of memory. */
function layOut(memory: ArrayBuffer, images: number): Answers {
  const kept = images * answersKept;
  return {
    images,
    labels: new Int32Array(memory, 0, images),
    top5: new Int32Array(memory, 4 * images, kept),
    top5Probability: new Float32Array(memory, 4 * (images + kept), kept),
    trueProbability: new Float32Array(memory, 4 * (images + 2 * kept), images),
  };
}

/** Copies images [first, first + from.images) of `to` from the beginning of `from`. */
function place(to: Answers, first: number, from: Answers): void {
  to.labels.set(from.labels, first);
  to.top5.set(from.top5, first * answersKept);
  to.top5Probability.set(from.top5Probability, first * answersKept);
  to.trueProbability.set(from.trueProbability, first);
}

function part(answers: Answers, first: number, images: number): Answers {
  const [from, to] = [first * answersKept, (first + images) * answersKept];
  return {
    images,
    labels: answers.labels.subarray(first, first + images),
    top5: answers.top5.subarray(from, to),
    top5Probability: answers.top5Probability.subarray(from, to),
    trueProbability: answers.trueProbability.subarray(first, first + images),
  };
}

/** The blocks, in order. */
export function* encodeBlocks(answers: Answers): Generator<Uint8Array> {
  for (let first = 0; first < answers.images; first += blockImages) {
    const images = Math.min(blockImages, answers.images - first);
    const memory = new ArrayBuffer(images * imageBytes);
    place(layOut(memory, images), 0, part(answers, first, images));
    yield new Uint8Array(memory);
  }
}

/** Throws a RangeError where the bytes are no block. */
export function decodeBlock(bytes: Uint8Array): Answers {
  const images = bytes.length / imageBytes;
  if (!Number.isInteger(images) || images > blockImages) {
    throw new RangeError(`${bytes.length} bytes are no block of answers`);
  }
  // A copy: rows of a database may lie at any alignment.
  return layOut(new Uint8Array(bytes).buffer, images);
}

/** Throws a RangeError where the blocks do not hold just so many images. */
export function decodeBlocks(blocks: readonly Uint8Array[], images: number): Answers {
  const all = emptyAnswers(images);
  let first = 0;
  for (const bytes of blocks) {
    const block = decodeBlock(bytes);
    if (first + block.images > images) throw new RangeError('there are more answers than images');
    place(all, first, block);
    first += block.images;
  }
  if (first !== images) throw new RangeError(`${images} images have ${first} answers`);
  return all;
}

/** Whether the best answer to an image is right; one that is no number never is. Where its label is gone, it is if it has the truth's probability. */
export function isRight(answers: Answers, image: number): boolean {
  const label = answers.labels[image] ?? -1;
  if (label >= 0)
    return answers.top5[image * answersKept] === label && !Number.isNaN(answers.trueProbability[image]);
  return answers.trueProbability[image] === answers.top5Probability[image * answersKept];
}
