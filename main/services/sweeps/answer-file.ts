// A sweep's answers in a file, written as they come. The database is what counts: after a kill at any moment, the
// file is compared with what would have been written, and goes on where it ends, so that no line is torn, missing or
// there twice. A file that holds anything else is left alone.
import { closeSync, fdatasyncSync, fstatSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { AppError } from '../../api/errors.ts';
import { fromFileSystem } from '../../data/data-directory.ts';
import type { WritableDatabase } from '../../data/database.ts';
import { listSweepPredictions } from '../../data/predictions.ts';
import { getSweepOutput, type StoredSweep, setSweepOutput } from '../../data/sweeps.ts';
import { checkOutputPlace } from '../output-place.ts';
import { type AnswerLines, linesOf } from './answer-lines.ts';

const rowsAtOnce = 500;
const tailBytes = 200;
/** What the system has not written by then may be lost with its power; the next start writes it again. */
const syncEveryMs = 5000;

export class AnswerFile {
  readonly #db: WritableDatabase;
  readonly #sweep: StoredSweep;
  readonly #path: string;
  readonly #lines: AnswerLines;
  readonly #file: number;
  #writtenId = 0;
  #sizeBytes = 0;
  #tail: Buffer = Buffer.alloc(0);
  #syncedAt = performance.now();

  /**
   * `path` is absolute. Throws NOT_FOUND, INVALID_ARGUMENT and IO where nothing can be written there, and NAME_TAKEN
   * where the file holds what this sweep did not write.
   */
  constructor(db: WritableDatabase, sweep: StoredSweep, path: string) {
    this.#db = db;
    this.#sweep = sweep;
    this.#path = path;
    this.#lines = linesOf(path, sweep.top);
    checkOutputPlace(path, 'the file of answers');
    const found = statSync(path, { throwIfNoEntry: false });
    if (found !== undefined && !found.isFile()) throw this.#foreign();
    try {
      this.#file = openSync(path, found === undefined ? 'wx+' : 'r+', 0o644);
    } catch (error) {
      throw fromFileSystem(error, path, 'writing answers');
    }
    try {
      this.#goOn();
    } catch (error) {
      closeSync(this.#file);
      throw error;
    }
  }

  /** Appends every answer that is stored and not yet in the file. Throws DISK_FULL, IO. */
  write(): void {
    for (let text = this.#next(); text !== undefined; text = this.#next()) {
      this.#append(text.bytes);
      this.#note(text.lastId);
    }
    if (performance.now() - this.#syncedAt < syncEveryMs) return;
    fdatasyncSync(this.#file);
    this.#syncedAt = performance.now();
  }

  /** On the disk, too. */
  close(): void {
    try {
      fdatasyncSync(this.#file);
    } finally {
      closeSync(this.#file);
    }
  }

  /** Where the file's contents end among the answers; throws NAME_TAKEN where they are something else. */
  #goOn(): void {
    const fileBytes = fstatSync(this.#file).size;
    const known = getSweepOutput(this.#db, this.#sweep.id, this.#path);
    if (known === undefined && fileBytes > 0) throw this.#foreign();
    if (known !== undefined && known.sizeBytes <= fileBytes) {
      const tail = Buffer.from(known.tail, 'base64');
      if (this.#read(known.sizeBytes - tail.length, tail.length).equals(tail)) {
        this.#writtenId = known.writtenId;
        this.#sizeBytes = known.sizeBytes;
        this.#tail = tail;
      }
    }
    // Whatever else the file holds must be how the next lines begin: a write that was not noted any more.
    if (this.#sizeBytes === 0) this.#take(Buffer.from(this.#lines.head), fileBytes, 0);
    while (this.#sizeBytes < fileBytes) {
      const text = this.#next();
      if (text === undefined) throw this.#foreign();
      this.#take(text.bytes, fileBytes, text.lastId);
    }
  }

  /** Compares what the file holds of these bytes, and appends the rest of them. */
  #take(bytes: Buffer, fileBytes: number, lastId: number): void {
    const there = bytes.subarray(0, Math.max(0, fileBytes - this.#sizeBytes));
    if (!this.#read(this.#sizeBytes, there.length).equals(there)) throw this.#foreign();
    this.#advance(there);
    this.#append(bytes.subarray(there.length));
    this.#note(lastId);
  }

  #next(): { bytes: Buffer; lastId: number } | undefined {
    const rows = listSweepPredictions(this.#db, this.#sweep.id, this.#writtenId, rowsAtOnce);
    const last = rows.at(-1);
    if (last === undefined) return undefined;
    return { bytes: Buffer.from(rows.map((row) => this.#lines.line(row)).join('')), lastId: last.id };
  }

  #read(at: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    let done = 0;
    while (done < length) {
      const read = readSync(this.#file, bytes, done, length - done, at + done);
      if (read === 0) break;
      done += read;
    }
    return bytes.subarray(0, done);
  }

  #append(bytes: Buffer): void {
    try {
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(this.#file, bytes, done, bytes.length - done, this.#sizeBytes + done);
      }
    } catch (error) {
      throw fromFileSystem(error, this.#path, 'writing answers');
    }
    this.#advance(bytes);
  }

  #advance(bytes: Buffer): void {
    this.#sizeBytes += bytes.length;
    this.#tail = Buffer.concat([this.#tail, bytes.subarray(-tailBytes)]).subarray(-tailBytes);
  }

  #note(writtenId: number): void {
    this.#writtenId = writtenId;
    setSweepOutput(this.#db, {
      sweepId: this.#sweep.id,
      path: this.#path,
      writtenId,
      sizeBytes: this.#sizeBytes,
      tail: this.#tail.toString('base64'),
    });
  }

  #foreign(): AppError {
    return new AppError(
      'NAME_TAKEN',
      `${this.#path} exists and holds something other than the answers of this command; name another file`,
      { path: this.#path },
    );
  }
}
