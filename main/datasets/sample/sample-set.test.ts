import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { encodePng } from './png.ts';
import { writeSampleSet } from './sample-set.ts';
import { Studio } from './scene.ts';
import { sampleClasses } from './shapes.ts';

/** Chunks of a PNG whose checksums are right. */
function chunksOf(png: Buffer): Map<string, Buffer> {
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const data = png.subarray(at + 8, at + 8 + length);
    expect(png.readUInt32BE(at + 8 + length)).toBe(crc32(png.subarray(at + 4, at + 8 + length)));
    chunks.set(png.toString('latin1', at + 4, at + 8), data);
    at += length + 12;
  }
  return chunks;
}

describe('encodePng', () => {
  it('keeps every pixel', () => {
    const rgb = Uint8Array.from({ length: 5 * 3 * 3 }, (_, i) => (i * 37) & 255);
    const chunks = chunksOf(encodePng(5, 3, rgb));
    expect([...(chunks.get('IHDR') ?? [])]).toEqual([0, 0, 0, 5, 0, 0, 0, 3, 8, 2, 0, 0, 0]);
    const rows = inflateSync(chunks.get('IDAT') ?? Buffer.alloc(0));
    const decoded: number[] = [];
    for (let y = 0; y < 3; y++) {
      expect(rows[y * 16]).toBe(1);
      for (let x = 0; x < 15; x++) {
        const left = x >= 3 ? (decoded[y * 15 + x - 3] ?? 0) : 0;
        decoded.push(((rows[y * 16 + 1 + x] ?? 0) + left) & 255);
      }
    }
    expect(decoded).toEqual([...rgb]);
  });

  it('refuses pixels that do not fit the size', () => {
    expect(() => encodePng(2, 2, new Uint8Array(11))).toThrow('2 x 2');
  });
});

describe('the sample pictures', () => {
  it('show the thing: pixels inside its outline differ between two classes at the same place and light', () => {
    const studio = new Studio('t');
    const [first, second] = [sampleClasses[0], sampleClasses[4]];
    if (!first || !second) throw new Error('classes are missing');
    const a = studio.take(first, 'same');
    expect(studio.take(first, 'same')).toEqual(a);
    const b = studio.take(second, 'same');
    expect([b.width, b.height]).toEqual([a.width, a.height]);
    expect(b.rgb).not.toEqual(a.rgb);
    expect(studio.take(first, 'other').rgb).not.toEqual(a.rgb);
  });

  it('have outlines that stay inside their square and enclose something', () => {
    for (const { name, distance } of sampleClasses) {
      let inside = 0;
      for (let y = -1.25; y <= 1.25; y += 0.05) {
        for (let x = -1.25; x <= 1.25; x += 0.05) {
          const within = Math.max(Math.abs(x), Math.abs(y)) <= 1;
          const d = distance(x, y);
          if (d < 0) inside++;
          expect(d > 0 || within, `${name} reaches (${x}, ${y})`).toBe(true);
        }
      }
      expect(inside, name).toBeGreaterThan(60);
    }
  });
});

describe('writeSampleSet', () => {
  it('writes class folders, then only what is missing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'samples-'));
    try {
      const controller = new AbortController();
      const stopped = writeSampleSet({
        folder,
        trainPerClass: 2,
        valPerClass: 1,
        signal: controller.signal,
        onProgress: (done) => {
          if (done === 5) controller.abort();
        },
      });
      await expect(stopped).rejects.toThrow();
      const ball = join(folder, 'train/ball/ball-0000.png');
      const before = { bytes: readFileSync(ball), writtenAt: statSync(ball).mtimeMs };
      await writeSampleSet({ folder, trainPerClass: 2, valPerClass: 1 });
      expect(statSync(ball).mtimeMs).toBe(before.writtenAt);
      const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((f) =>
        f.endsWith('.png'),
      );
      expect(files).toHaveLength(3 * sampleClasses.length);
      expect(readdirSync(join(folder, 'val')).sort()).toEqual(sampleClasses.map(({ name }) => name));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
