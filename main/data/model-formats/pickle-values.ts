// What a pickle of tensors is made of once it is read: plain values that can do nothing.

/** A name of Python's, e.g. torch.FloatStorage. It is compared, never looked up. */
export class PickleName {
  readonly name: string;
  constructor(module: string, name: string) {
    this.name = `${module}.${name}`;
  }
}

export class PickleTuple {
  readonly items: readonly PickleValue[];
  constructor(items: readonly PickleValue[]) {
    this.items = items;
  }
}

/** dict and OrderedDict; keys are text or numbers. */
export class PickleDict {
  readonly entries = new Map<string | number, PickleValue>();
}

/** Values of a type, kept beside the pickle. */
export class PickleStorage {
  readonly type: string;
  readonly key: string;
  readonly values: number;
  constructor(type: string, key: string, values: number) {
    this.type = type;
    this.key = key;
    this.values = values;
  }
}

export class PickleTensor {
  readonly storage: PickleStorage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  constructor(storage: PickleStorage, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | PickleTuple
  | PickleDict
  | PickleName
  | PickleStorage
  | PickleTensor;
