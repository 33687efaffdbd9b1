// Damage for files: what a fuzzer makes of a seed. Everything follows from the generator's state.

/** mulberry32: small, good enough to damage files with. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 <= value < limit */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}

const numbers = [
  0n,
  1n,
  2n,
  7n,
  8n,
  127n,
  128n,
  255n,
  256n,
  0x7fffn,
  0xffffn,
  0x7fffffffn,
  0x80000000n,
  0xfffffffen,
  0xffffffffn,
  0x100000000n,
  0x7fffffffffffffffn,
  0xffffffffffffffffn,
  2_147_483_648n,
  100_000_000n,
];

/** Pieces of the formats, so that damage reaches behind the first check. */
const words = [
  ...[
    'torch._utils\n_rebuild_tensor_v2\n',
    'cos\nsystem\n',
    'cbuiltins\neval\n',
    'ccollections\nOrderedDict\n',
    ')R',
  ],
  ...[
    '(',
    't',
    'u',
    's',
    'e',
    'a',
    'b',
    'R',
    'Q',
    '0',
    '1',
    '.',
    'N',
    'q\x00',
    'h\x00',
    '}',
    ']',
    ')',
    '\x85',
    '\x94',
  ],
  ...[
    'X\x01\x00\x00\x00a',
    'K\x05',
    'J\xff\xff\xff\xff',
    '\x8a\x01\xff',
    '\x93',
    '\x81',
    'c',
    'ctorch\nFloatStorage\n',
  ],
  ...[
    'PK\x03\x04',
    'PK\x01\x02',
    'PK\x05\x06',
    'PK\x06\x06',
    'PK\x06\x07',
    '../',
    '{"',
    '"F32"',
    '"data_offsets":[0,4]',
  ],
  ...[
    '\x0a\x00',
    '\x12\x00',
    '\x22\x01a',
    '\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01',
    '\xa2\x06\x00',
    '\x3a\x00',
  ],
].map((word) => Buffer.from(word, 'latin1'));

const longest = 1 << 16;

function overwrite(bytes: Buffer, random: Random): Buffer {
  const copy = Buffer.from(bytes);
  const width = random.pick([1, 2, 4, 8]);
  if (copy.length < width) return copy;
  const at = random.below(copy.length - width + 1);
  const value = BigInt.asUintN(8 * width, random.pick(numbers));
  const number = Buffer.alloc(8);
  number.writeBigUInt64LE(value);
  number.copy(copy, at, 0, width);
  return copy;
}

function flip(bytes: Buffer, random: Random): Buffer {
  const copy = Buffer.from(bytes);
  for (let i = 0; i <= random.below(4); i++) {
    const at = random.below(copy.length);
    copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
  }
  return copy;
}

function remove(bytes: Buffer, random: Random): Buffer {
  const from = random.below(bytes.length);
  return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + 1 + random.below(32))]);
}

function repeat(bytes: Buffer, random: Random): Buffer {
  const from = random.below(bytes.length);
  const part = bytes.subarray(from, from + 1 + random.below(200));
  const at = random.below(bytes.length);
  return Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at)]);
}

function insert(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), random.pick(words), bytes.subarray(at)]);
}

function replace(bytes: Buffer, random: Random): Buffer {
  const word = random.pick(words);
  const at = random.below(bytes.length);
  return Buffer.concat([bytes.subarray(0, at), word, bytes.subarray(at + word.length)]);
}

function truncate(bytes: Buffer, random: Random): Buffer {
  return bytes.subarray(0, random.below(bytes.length + 1));
}

const mutations = [overwrite, overwrite, flip, flip, flip, remove, repeat, insert, replace, truncate];

/** One to eight kinds of damage, now and then the front of one file with the back of another. */
export function mutate(pool: readonly Buffer[], random: Random): Buffer {
  let bytes = random.pick(pool);
  if (random.below(20) === 0) {
    const other = random.pick(pool);
    const [a, b] = [random.below(bytes.length + 1), random.below(other.length + 1)];
    bytes = Buffer.concat([bytes.subarray(0, a), other.subarray(b)]);
  }
  const times = 1 + random.below(random.pick([1, 2, 8]));
  for (let i = 0; i < times; i++) {
    if (bytes.length === 0) break;
    bytes = random.pick(mutations)(bytes, random);
  }
  return bytes.length > longest ? bytes.subarray(0, longest) : bytes;
}
