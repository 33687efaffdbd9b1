// The table of contents of a zip archive whose entries are stored as they are, as torch.save writes them. Nothing is
// unpacked, so nothing can grow; an entry is a range of the file.
import { type ByteSource, invalidModel, quoted } from './byte-source.ts';

export interface ZipEntry {
  name: string;
  /** Of its bytes in the file. */
  position: number;
  sizeBytes: number;
}

const what = 'a zip archive';
const endSignature = 0x06054b50;
const locatorSignature = 0x07064b50;
const end64Signature = 0x06064b50;
const centralSignature = 0x02014b50;
const localSignature = 0x04034b50;
const endBytes = 22;
const longestComment = 65535;
const mostEntries = 20_000;
const mostDirectoryBytes = 8 * 1024 * 1024;
const unknown32 = 0xffffffff;

function safeNumber(source: ByteSource, value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER))
    throw invalidModel(source.path, what, `it names byte ${value}`);
  return Number(value);
}

interface Directory {
  entries: number;
  sizeBytes: number;
  position: number;
}

function findEnd(source: ByteSource): { at: number; directory: Directory } {
  const tail = Math.min(source.size, endBytes + longestComment);
  const bytes = source.read(source.size - tail, tail);
  for (let i = tail - endBytes; i >= 0; i--) {
    if (bytes.readUInt32LE(i) !== endSignature) continue;
    if (i + endBytes + bytes.readUInt16LE(i + 20) !== tail) continue;
    if (bytes.readUInt16LE(i + 4) !== 0)
      throw invalidModel(source.path, what, 'it is one of several volumes');
    const directory = {
      entries: bytes.readUInt16LE(i + 10),
      sizeBytes: bytes.readUInt32LE(i + 12),
      position: bytes.readUInt32LE(i + 16),
    };
    return { at: source.size - tail + i, directory };
  }
  throw invalidModel(source.path, what, 'its end is missing; the file is incomplete');
}

/** The 64-bit end record, where there is one. */
function findDirectory(source: ByteSource): Directory {
  const { at, directory } = findEnd(source);
  if (at < 20) return directory;
  const locator = source.read(at - 20, 20);
  if (locator.readUInt32LE(0) !== locatorSignature) return directory;
  const end64 = safeNumber(source, locator.readBigUInt64LE(8));
  const record = source.read(end64, 56);
  if (record.readUInt32LE(0) !== end64Signature) throw invalidModel(source.path, what, 'its end is damaged');
  return {
    entries: safeNumber(source, record.readBigUInt64LE(32)),
    sizeBytes: safeNumber(source, record.readBigUInt64LE(40)),
    position: safeNumber(source, record.readBigUInt64LE(48)),
  };
}

interface Sizes {
  packed: number;
  sizeBytes: number;
  local: number;
}

/** Sizes of 4 GB and more are in an extra field of id 1, in this order, those that are unknown alone. */
function wideSizes(source: ByteSource, sizes: Sizes, extra: Buffer): Sizes {
  let at = 0;
  while (at + 4 <= extra.length) {
    const id = extra.readUInt16LE(at);
    const length = extra.readUInt16LE(at + 2);
    if (id === 1 && at + 4 + length <= extra.length) {
      let place = at + 4;
      const next = (value: number): number => {
        if (value !== unknown32) return value;
        if (place + 8 > at + 4 + length) throw invalidModel(source.path, what, 'a size is missing');
        place += 8;
        return safeNumber(source, extra.readBigUInt64LE(place - 8));
      };
      const sizeBytes = next(sizes.sizeBytes);
      const packed = next(sizes.packed);
      return { sizeBytes, packed, local: next(sizes.local) };
    }
    at += 4 + length;
  }
  return sizes;
}

function checkName(source: ByteSource, name: string): void {
  const parts = name.split('/');
  const tricky =
    name === '' ||
    name.startsWith('/') ||
    /[\\\0]/.test(name) ||
    /^[A-Za-z]:/.test(name) ||
    parts.includes('..');
  if (tricky) throw invalidModel(source.path, what, `it has an entry of the name ${quoted(name)}`);
}

/** Where an entry's bytes begin: after its local header, whose lengths are its own. */
function dataPosition(source: ByteSource, name: string, local: number): number {
  const header = source.read(local, 30);
  if (header.readUInt32LE(0) !== localSignature) {
    throw invalidModel(source.path, what, `entry ${quoted(name)} is not where the table says`);
  }
  return local + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
}

/** Throws INVALID_MODEL for damage, compression, encryption, names twice, names that lead elsewhere, overlaps. */
export function readZipDirectory(source: ByteSource): ZipEntry[] {
  const directory = findDirectory(source);
  const { path } = source;
  if (directory.entries > mostEntries || directory.sizeBytes > mostDirectoryBytes) {
    throw invalidModel(path, what, `it claims ${directory.entries} entries`);
  }
  const table = source.read(directory.position, directory.sizeBytes);
  const entries: ZipEntry[] = [];
  const names = new Set<string>();
  let at = 0;
  for (let i = 0; i < directory.entries; i++) {
    if (at + 46 > table.length || table.readUInt32LE(at) !== centralSignature) {
      throw invalidModel(path, what, 'its table of contents is damaged');
    }
    const nameBytes = table.readUInt16LE(at + 28);
    const extraBytes = table.readUInt16LE(at + 30);
    const commentBytes = table.readUInt16LE(at + 32);
    const end = at + 46 + nameBytes + extraBytes + commentBytes;
    if (end > table.length) throw invalidModel(path, what, 'its table of contents is damaged');
    const name = table.toString('utf8', at + 46, at + 46 + nameBytes);
    checkName(source, name);
    if (names.has(name)) throw invalidModel(path, what, `it has two entries of the name ${quoted(name)}`);
    names.add(name);
    if ((table.readUInt16LE(at + 8) & 1) !== 0)
      throw invalidModel(path, what, `${quoted(name)} is encrypted`);
    const sizes = wideSizes(
      source,
      {
        packed: table.readUInt32LE(at + 20),
        sizeBytes: table.readUInt32LE(at + 24),
        local: table.readUInt32LE(at + 42),
      },
      table.subarray(at + 46 + nameBytes, at + 46 + nameBytes + extraBytes),
    );
    if (table.readUInt16LE(at + 10) !== 0 || sizes.packed !== sizes.sizeBytes) {
      throw invalidModel(
        path,
        what,
        `${quoted(name)} is compressed, which torch.save never does; nothing was unpacked`,
      );
    }
    const position = dataPosition(source, name, sizes.local);
    if (position + sizes.sizeBytes > source.size) {
      throw invalidModel(path, what, `${quoted(name)} lies outside of the file`);
    }
    entries.push({ name, position, sizeBytes: sizes.sizeBytes });
    at = end;
  }
  checkOverlaps(source, entries);
  return entries;
}

function checkOverlaps(source: ByteSource, entries: readonly ZipEntry[]): void {
  let covered = 0;
  for (const entry of [...entries].sort((a, b) => a.position - b.position)) {
    if (entry.position < covered) {
      throw invalidModel(source.path, what, `${quoted(entry.name)} overlaps another entry`);
    }
    covered = entry.position + entry.sizeBytes;
  }
}
