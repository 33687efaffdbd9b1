// What a file consists of; that browsers read it is tried in one.
import { describe, expect, it } from 'vitest';
import { animatedPng } from './animated-png.ts';

/** Bit by bit, as the standard says it: other code than what is tested. */
function crc(bytes: readonly number[]): number {
  let rest = -1;
  for (const byte of bytes) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (0xedb88320 & -(rest & 1));
  }
  return ~rest >>> 0;
}

const word = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255);
const letters = (text: string) => [...text].map((letter) => letter.charCodeAt(0));
const number = (bytes: readonly number[], at: number) =>
  bytes.slice(at, at + 4).reduce((sum, byte) => sum * 256 + byte, 0);

function chunk(type: string, data: readonly number[]): number[] {
  const body = [...letters(type), ...data];
  return [...word(data.length), ...body, ...word(crc(body))];
}

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** A picture of `width` x 3 with its pixels, whatever they stand for, in two chunks. */
function picture(width: number, pixels: readonly number[]): Uint8Array {
  return Uint8Array.from([
    ...signature,
    ...chunk('IHDR', [...word(width), ...word(3), 8, 6, 0, 0, 0]),
    ...chunk('IDAT', pixels.slice(0, 3)),
    ...chunk('tEXt', letters('left out')),
    ...chunk('IDAT', pixels.slice(3)),
    ...chunk('IEND', []),
  ]);
}

function read(file: readonly number[]): { type: string; data: number[] }[] {
  expect(file.slice(0, 8)).toEqual(signature);
  const chunks: { type: string; data: number[] }[] = [];
  for (let at = 8; at < file.length; ) {
    const length = number(file, at);
    const body = file.slice(at + 4, at + 8 + length);
    expect(number(file, at + 8 + length)).toBe(crc(body));
    chunks.push({ type: String.fromCharCode(...body.slice(0, 4)), data: body.slice(4) });
    at += 12 + length;
  }
  return chunks;
}

describe('an animated PNG', () => {
  const pixels = [
    [1, 2, 3, 4, 5],
    [6, 7, 8, 9],
    [10, 11, 12, 13, 14, 15],
  ];
  const frames = pixels.map((one, i) => ({ png: picture(7, one), delayMs: i === 2 ? 2000 : 350 }));
  const chunks = read([...animatedPng(frames)]);

  it('has its chunks in order, each with its sum', () => {
    expect(crc(letters('IEND'))).toBe(0xae426082);
    expect(chunks.map(({ type }) => type)).toEqual([
      ...['IHDR', 'acTL', 'fcTL', 'IDAT', 'IDAT'],
      ...['fcTL', 'fdAT', 'fdAT', 'fcTL', 'fdAT', 'fdAT', 'IEND'],
    ]);
    // Three frames, for ever; what they consist of is numbered through.
    expect(chunks[1]?.data).toEqual([0, 0, 0, 3, 0, 0, 0, 0]);
    const numbered = chunks.filter(({ type }) => type === 'fcTL' || type === 'fdAT');
    expect(numbered.map(({ data }) => number(data, 0))).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('holds the pixels, places and times of each frame', () => {
    const controls = chunks.filter(({ type }) => type === 'fcTL').map(({ data }) => data.slice(4));
    expect(controls).toEqual(
      [350, 350, 2000].map((delayMs) => [
        ...[...word(7), ...word(3), ...word(0), ...word(0)],
        ...word(delayMs).slice(2),
        ...word(1000).slice(2),
        ...[0, 0],
      ]),
    );
    const first = chunks.filter(({ type }) => type === 'IDAT').flatMap(({ data }) => data);
    const others = chunks.filter(({ type }) => type === 'fdAT').flatMap(({ data }) => data.slice(4));
    expect([first, others]).toEqual([pixels[0], [...(pixels[1] ?? []), ...(pixels[2] ?? [])]]);
  });

  it('is of pictures that are alike', () => {
    const frame = (png: Uint8Array) => ({ png, delayMs: 1 });
    expect(() => animatedPng([frame(picture(7, [1])), frame(picture(8, [1]))])).toThrow('differ');
    expect(() => animatedPng([])).toThrow('nothing');
    expect(() => animatedPng([frame(picture(7, [1]).subarray(0, 40))])).toThrow('no whole PNG');
  });
});
