// The only calls that a pickle of tensors may make, by name. None of them runs anything of the file's: each makes one
// of pickle-values.ts.
import {
  PickleDict,
  PickleName,
  PickleStorage,
  PickleTensor,
  PickleTuple,
  type PickleValue,
} from './pickle-values.ts';

/** torch's storages, by safetensors' names of types. */
const storageTypes: ReadonlyMap<string, string> = new Map([
  ['torch.FloatStorage', 'F32'],
  ['torch.HalfStorage', 'F16'],
  ['torch.BFloat16Storage', 'BF16'],
  ['torch.DoubleStorage', 'F64'],
  ['torch.LongStorage', 'I64'],
  ['torch.IntStorage', 'I32'],
  ['torch.ShortStorage', 'I16'],
  ['torch.CharStorage', 'I8'],
  ['torch.ByteStorage', 'U8'],
  ['torch.BoolStorage', 'BOOL'],
]);

function integer(value: PickleValue | undefined): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw new Error('a whole number is expected');
}

function integers(value: PickleValue | undefined): number[] {
  if (!(value instanceof PickleTuple)) throw new Error('a tuple of whole numbers is expected');
  return value.items.map(integer);
}

function rebuildTensor(args: readonly PickleValue[]): PickleTensor {
  const [storage, offset, shape, strides] = args;
  if (!(storage instanceof PickleStorage)) throw new Error('a tensor has no storage');
  return new PickleTensor(storage, integer(offset), integers(shape), integers(strides));
}

function orderedDict(args: readonly PickleValue[]): PickleDict {
  const dict = new PickleDict();
  const [pairs] = args;
  if (pairs === undefined) return dict;
  if (!Array.isArray(pairs)) throw new Error('an OrderedDict is made of something else than pairs');
  for (const pair of pairs) {
    const [key, value] = Array.isArray(pair) ? pair : pair instanceof PickleTuple ? pair.items : [];
    if ((typeof key !== 'string' && typeof key !== 'number') || value === undefined) {
      throw new Error('an OrderedDict is made of something else than pairs');
    }
    dict.entries.set(key, value);
  }
  return dict;
}

type Call = (args: readonly PickleValue[]) => PickleValue;

const calls: ReadonlyMap<string, Call> = new Map<string, Call>([
  ['collections.OrderedDict', orderedDict],
  ['torch._utils._rebuild_tensor', rebuildTensor],
  ['torch._utils._rebuild_tensor_v2', rebuildTensor],
  [
    'torch._utils._rebuild_parameter',
    ([tensor]: readonly PickleValue[]) => {
      if (!(tensor instanceof PickleTensor)) throw new Error('a parameter is no tensor');
      return tensor;
    },
  ],
  ['torch.Size', ([extents]: readonly PickleValue[]) => new PickleTuple(integers(extents))],
  ['torch.device', ([name]: readonly PickleValue[]) => (typeof name === 'string' ? name : '')],
]);

/** Names that are only ever compared. */
const inert = /^torch\.(float(16|32|64)|bfloat16|half|double|u?int(8|16|32|64)|long|int|short|bool)$/;

/** Throws Error for a name that is not on the list: it may be any function. */
export function allowName(module: string, name: string): PickleName {
  const found = new PickleName(module, name);
  if (calls.has(found.name) || storageTypes.has(found.name) || inert.test(found.name)) return found;
  throw new Error(
    `it names ${JSON.stringify(found.name.slice(0, 100))}, which no plain set of weights needs; nothing of it was run. ` +
      'Save model.state_dict() alone',
  );
}

export function callByName(callable: PickleValue | undefined, args: PickleValue | undefined): PickleValue {
  const call = callable instanceof PickleName ? calls.get(callable.name) : undefined;
  if (call === undefined || !(args instanceof PickleTuple)) throw new Error('it calls what cannot be called');
  return call(args.items);
}

/** ('storage', type, key, device, values[, view]) */
export function persistentStorage(id: PickleValue | undefined): PickleStorage {
  if (!(id instanceof PickleTuple)) throw new Error('it refers to something else than a storage');
  const [kind, type, key, , values, view] = id.items;
  const dtype = type instanceof PickleName ? storageTypes.get(type.name) : undefined;
  if (kind !== 'storage' || dtype === undefined || typeof key !== 'string') {
    throw new Error('it refers to something else than a storage');
  }
  if (!/^[0-9A-Za-z_]{1,64}$/.test(key))
    throw new Error(`a storage has the name ${JSON.stringify(key.slice(0, 80))}`);
  if (view !== undefined && view !== null) {
    throw new Error(
      'a storage is a view of another, as only PyTorch before 0.4 wrote; load and save it anew',
    );
  }
  const count = integer(values);
  if (count < 0) throw new Error(`a storage has ${count} values`);
  return new PickleStorage(dtype, key, count);
}
