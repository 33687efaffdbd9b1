// Bytes that are read by position: a file of some gigabytes is never in memory as a whole. Everything that a file
// says of itself is checked against what is there, here for the last time.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { AppError } from '../../api/errors.ts';
import { fromFileSystem } from '../data-directory.ts';

export interface ByteSource {
  readonly path: string;
  readonly size: number;
  /** Exactly these bytes. Throws INVALID_MODEL where they are not there, IO. */
  read(position: number, length: number): Buffer;
  close(): void;
}

/** No single read is longer: what is larger is read in pieces. */
export const longestRead = 128 * 1024 * 1024;

/** Small reads, of headers and tags, come from a page. */
const pageBytes = 64 * 1024;

/** What a damaged or foreign file is refused with. `what`: e.g. "a PyTorch file". */
export function invalidModel(path: string, what: string, why: string): AppError {
  return new AppError('INVALID_MODEL', `${path} cannot be read as ${what}: ${why}`, { path });
}

/** Text of a file in a message: short, and quoted. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

function checkRange(source: ByteSource, position: number, length: number): void {
  if (!Number.isSafeInteger(position) || !Number.isSafeInteger(length) || position < 0 || length < 0) {
    throw invalidModel(source.path, 'a model', 'it names a place that no file has');
  }
  if (position + length > source.size) throw invalidModel(source.path, 'a model', 'it ends too early');
  if (length > longestRead) {
    throw invalidModel(source.path, 'a model', `it wants ${length} bytes where a few are expected`);
  }
}

/** A file. */
export class FileBytes implements ByteSource {
  readonly path: string;
  readonly size: number;
  #fd: number | undefined;
  #page: Buffer = Buffer.alloc(0);
  #pageStart = 0;

  /** Throws NOT_FOUND, IO, INVALID_MODEL where it is no ordinary file. */
  constructor(path: string) {
    this.path = path;
    try {
      // A pipe would keep the whole program waiting for somebody who writes into it.
      this.#fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
      const stat = fstatSync(this.#fd);
      if (!stat.isFile()) {
        throw invalidModel(path, 'a model', stat.isDirectory() ? 'it is a folder' : 'it is no ordinary file');
      }
      this.size = stat.size;
    } catch (error) {
      this.close();
      throw error instanceof AppError ? error : fromFileSystem(error, path, 'reading');
    }
  }

  read(position: number, length: number): Buffer {
    if (this.#fd === undefined) throw new AppError('INVALID_ARGUMENT', `${this.path} is closed`);
    checkRange(this, position, length);
    if (length > pageBytes / 4) return this.#readFile(position, length);
    const end = this.#pageStart + this.#page.length;
    if (position < this.#pageStart || position + length > end) {
      this.#page = this.#readFile(position, Math.min(pageBytes, this.size - position));
      this.#pageStart = position;
    }
    const from = position - this.#pageStart;
    return this.#page.subarray(from, from + length);
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #readFile(position: number, length: number): Buffer {
    const fd = this.#fd ?? -1;
    const bytes = Buffer.allocUnsafeSlow(length);
    let done = 0;
    try {
      while (done < length) {
        const read = readSync(fd, bytes, done, length - done, position + done);
        if (read === 0) throw invalidModel(this.path, 'a model', 'it became shorter while it was read');
        done += read;
      }
    } catch (error) {
      throw error instanceof AppError ? error : fromFileSystem(error, this.path, 'reading');
    }
    return bytes;
  }
}

/** Bytes in memory, for tests. */
export class MemoryBytes implements ByteSource {
  readonly path: string;
  readonly #bytes: Buffer;

  constructor(bytes: Uint8Array, path = 'memory') {
    this.path = path;
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get size(): number {
    return this.#bytes.length;
  }

  read(position: number, length: number): Buffer {
    checkRange(this, position, length);
    return this.#bytes.subarray(position, position + length);
  }

  close(): void {}
}
