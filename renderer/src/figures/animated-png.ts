// Several PNG pictures of one size and form as one that moves (W3C PNG, third edition, section 11.3.6).

const signatureBytes = 8;

/** [type, data] of each chunk. Throws RangeError for what is no PNG file. */
function chunksOf(png: Uint8Array): [type: string, data: Uint8Array][] {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const chunks: [string, Uint8Array][] = [];
  for (let at = signatureBytes; at < png.length; ) {
    const length = view.getUint32(at);
    if (at + 12 + length > png.length) throw new RangeError('this is no whole PNG file');
    const type = String.fromCharCode(...png.subarray(at + 4, at + 8));
    chunks.push([type, png.subarray(at + 8, at + 8 + length)]);
    at += 12 + length;
  }
  return chunks;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? 0xedb88320 ^ (rest >>> 1) : rest >>> 1;
  return rest;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crcTable[(crc ^ byte) & 255] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

function chunk(type: string, ...parts: Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = new Uint8Array(12 + length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  let at = 8;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  view.setUint32(at, crc32(bytes.subarray(4, at)));
  return bytes;
}

function numbers(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    view.setUint32(4 * i, value);
  });
  return bytes;
}

/** `delayMs`: how long the picture is seen. */
export interface Frame {
  png: Uint8Array;
  delayMs: number;
}

/**
 * The frames one after the other, for ever. What does not know such files shows the first. Throws RangeError where there
 * is no frame, and where frames differ in size or kind of pixels.
 */
export function animatedPng(frames: readonly Frame[]): Uint8Array<ArrayBuffer> {
  const [first] = frames;
  if (first === undefined) throw new RangeError('there is nothing to animate');
  const header = chunksOf(first.png).find(([type]) => type === 'IHDR')?.[1] ?? new Uint8Array(13);
  const size = header.subarray(0, 8);
  const parts = [
    first.png.subarray(0, signatureBytes),
    chunk('IHDR', header),
    chunk('acTL', numbers(frames.length, 0)),
  ];
  let sequence = 0;
  frames.forEach(({ png, delayMs }, i) => {
    const chunks = chunksOf(png);
    const own = chunks.find(([type]) => type === 'IHDR')?.[1];
    if (own?.join() !== header.join())
      throw new RangeError('the pictures differ in size or in kind of pixels');
    const delay = Uint8Array.of(delayMs >> 8, delayMs & 255, 1000 >> 8, 1000 & 255);
    // At the corner; the next frame replaces this one.
    parts.push(chunk('fcTL', numbers(sequence++), size, numbers(0, 0), delay, Uint8Array.of(0, 0)));
    for (const [type, data] of chunks) {
      if (type !== 'IDAT') continue;
      parts.push(i === 0 ? chunk('IDAT', data) : chunk('fdAT', numbers(sequence++), data));
    }
  });
  parts.push(chunk('IEND'));
  const file = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}
