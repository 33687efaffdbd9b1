// State dicts of PyTorch: what torch.save writes today (a zip archive with a pickle and a file a storage) and what it
// wrote before 1.6 (pickles one after the other, then the storages).
import { type ByteSource, invalidModel, quoted } from './byte-source.ts';
import { type ModelFile, modelFile } from './model-file.ts';
import { readPickle } from './pickle-reader.ts';
import { PickleDict, PickleTensor, type PickleValue } from './pickle-values.ts';
import { dtypeBytes, type TensorRecord } from './tensor-records.ts';
import { readZipDirectory, type ZipEntry } from './zip-directory.ts';

const what = 'a PyTorch file';
/** A pickle of tensors holds names and shapes only. */
const mostPickleBytes = 16 * 1024 * 1024;
const mostTensors = 10_000;
/** What we write beside the weights; torch.load passes over it. */
export const descriptionEntry = 'alexnet-studio.json';

/** The first bytes of the old form: a pickle of a number that stands for nothing else. */
const legacyMagic = Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex');

export function isZip(head: Buffer): boolean {
  return head.length >= 4 && head.readUInt32LE(0) === 0x04034b50;
}

export function isLegacyPytorch(head: Buffer): boolean {
  return head.subarray(0, legacyMagic.length).equals(legacyMagic);
}

/** Where a storage's bytes are; undefined where the file has none of that name. */
type FindStorage = (key: string) => { position: number; sizeBytes: number } | undefined;

/** Dicts in which training programs wrap the weights. */
const wrappers = ['state_dict', 'model_state_dict', 'model', 'net', 'weights'];
/** What wrappers of modules put before every name. */
const prefixes = ['module.', '_orig_mod.', 'model.', 'net.'];

function tensorsIn(value: PickleValue | undefined): [string, PickleTensor][] {
  if (!(value instanceof PickleDict)) return [];
  return [...value.entries].flatMap(([name, entry]) =>
    typeof name === 'string' && entry instanceof PickleTensor
      ? [[name, entry] as [string, PickleTensor]]
      : [],
  );
}

function findStateDict(source: ByteSource, root: PickleValue): [string, PickleTensor][] {
  const own = tensorsIn(root);
  if (own.length > 0) return own;
  if (root instanceof PickleDict) {
    for (const name of wrappers) {
      const inner = tensorsIn(root.entries.get(name));
      if (inner.length > 0) return inner;
    }
  }
  throw invalidModel(source.path, what, 'it holds no dict of tensors; save model.state_dict()');
}

/** Names without what all of them have in front. */
function bareNames(entries: readonly [string, PickleTensor][]): [string, PickleTensor][] {
  let bare = [...entries];
  for (const prefix of [...prefixes, ...prefixes]) {
    if (bare.every(([name]) => name.startsWith(prefix))) {
      bare = bare.map(([name, tensor]) => [name.slice(prefix.length), tensor]);
    }
  }
  return bare;
}

function toRecords(source: ByteSource, root: PickleValue, find: FindStorage): TensorRecord[] {
  const entries = bareNames(findStateDict(source, root));
  if (entries.length > mostTensors) throw invalidModel(source.path, what, `it has ${entries.length} tensors`);
  return entries.map(([name, { storage, offset, shape, strides }]) => {
    const found = find(storage.key);
    if (found === undefined)
      throw invalidModel(source.path, what, `storage ${quoted(storage.key)} is missing`);
    const claimed = storage.values * (dtypeBytes.get(storage.type) ?? 1);
    if (claimed > found.sizeBytes) {
      throw invalidModel(
        source.path,
        what,
        `the storage of tensor ${quoted(name)} claims ${claimed} bytes, but has ${found.sizeBytes}`,
      );
    }
    const place = { position: found.position, sizeBytes: claimed };
    return { name, shape: [...shape], strides, offset, dtype: storage.type, source, ...place };
  });
}

function boundedText(source: ByteSource, entry: ZipEntry, most: number): string {
  if (entry.sizeBytes > most) {
    throw invalidModel(source.path, what, `${quoted(entry.name)} has ${entry.sizeBytes} bytes`);
  }
  return source.read(entry.position, entry.sizeBytes).toString('utf8');
}

/** Throws INVALID_MODEL. */
export function readPytorchZip(source: ByteSource): ModelFile {
  const entries = readZipDirectory(source);
  const pickles = entries.filter(({ name }) => /^[^/]+\/data\.pkl$/.test(name));
  const [pickle] = pickles;
  if (pickle === undefined || pickles.length > 1) {
    throw invalidModel(
      source.path,
      what,
      'it is a zip archive, but not one of torch.save (it has no data.pkl)',
    );
  }
  const root = pickle.name.slice(0, -'data.pkl'.length);
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  if (byName.has(`${root}constants.pkl`)) {
    throw invalidModel(
      source.path,
      what,
      'it is a TorchScript program; save model.state_dict() with torch.save instead',
    );
  }
  const order = byName.get(`${root}byteorder`);
  if (order !== undefined && boundedText(source, order, 16).trim() !== 'little') {
    throw invalidModel(source.path, what, 'it was written on a big-endian machine');
  }
  if (pickle.sizeBytes > mostPickleBytes) {
    throw invalidModel(source.path, what, `its pickle has ${pickle.sizeBytes} bytes`);
  }
  const { value } = readPickle(source, pickle.position, pickle.position + pickle.sizeBytes);
  const records = toRecords(source, value, (key) => byName.get(`${root}data/${key}`));
  const described = byName.get(`${root}${descriptionEntry}`);
  const metadata = described === undefined ? {} : describedMetadata(boundedText(source, described, 8 << 20));
  return modelFile(source, { format: 'pytorch', title: 'PyTorch', records, metadata });
}

function describedMetadata(text: string): Record<string, string> {
  try {
    const parsed: unknown = JSON.parse(text);
    const entries = Object.entries(Object(parsed) as Record<string, unknown>);
    return Object.fromEntries(
      entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    );
  } catch {
    return {}; // somebody else's file of that name says nothing
  }
}

/** Throws INVALID_MODEL. */
export function readPytorchLegacy(source: ByteSource): ModelFile {
  const pickle = (at: number) => readPickle(source, at, Math.min(source.size, at + mostPickleBytes));
  const protocol = pickle(legacyMagic.length);
  if (protocol.value !== 1001) throw invalidModel(source.path, what, 'its protocol is not known here');
  const system = pickle(protocol.end);
  if (system.value instanceof PickleDict && system.value.entries.get('little_endian') === false) {
    throw invalidModel(source.path, what, 'it was written on a big-endian machine');
  }
  const root = pickle(system.end);
  const keys = pickle(root.end);
  const sizes = storageSizes(source, root.value);
  const storages = new Map<string, { position: number; sizeBytes: number }>();
  let at = keys.end;
  for (const key of Array.isArray(keys.value) ? keys.value : []) {
    if (typeof key !== 'string' || storages.has(key)) {
      throw invalidModel(source.path, what, `it has the storage ${quoted(String(key))} twice`);
    }
    const width = sizes.get(key);
    if (width === undefined)
      throw invalidModel(source.path, what, `storage ${quoted(key)} belongs to no tensor`);
    const values = source.read(at, 8).readBigInt64LE();
    const sizeBytes = Number(values) * width;
    if (values < 0n || at + 8 + sizeBytes > source.size) {
      throw invalidModel(
        source.path,
        what,
        `storage ${quoted(key)} claims ${values} values, more than there are`,
      );
    }
    storages.set(key, { position: at + 8, sizeBytes });
    at += 8 + sizeBytes;
  }
  const records = toRecords(source, root.value, (key) => storages.get(key));
  return modelFile(source, { format: 'pytorch-legacy', title: 'PyTorch', records });
}

/** Bytes a value of every storage that a tensor anywhere in the pickle uses. Values may refer to themselves. */
function storageSizes(source: ByteSource, root: PickleValue): Map<string, number> {
  const sizes = new Map<string, number>();
  const seen = new Set<unknown>();
  const open: PickleValue[] = [root];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (value instanceof PickleTensor) {
      const width = dtypeBytes.get(value.storage.type) ?? 1;
      const known = sizes.get(value.storage.key);
      if (known !== undefined && known !== width) {
        throw invalidModel(source.path, what, `storage ${quoted(value.storage.key)} has two types`);
      }
      sizes.set(value.storage.key, width);
    } else if (value !== null && typeof value === 'object' && !seen.has(value)) {
      seen.add(value);
      if (value instanceof PickleDict) for (const entry of value.entries.values()) open.push(entry);
      else if (Array.isArray(value)) for (const item of value) open.push(item);
      else if ('items' in value) for (const item of value.items) open.push(item);
    }
  }
  return sizes;
}
