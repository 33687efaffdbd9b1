// Reads Python's pickle format as far as sets of tensors need it. The format is a program for a small stack machine
// that can call any function by name: here it can only make plain values, through the short list of pickle-calls.ts.
// Protocols 2 to 5; source of the operations: Python's own Lib/pickletools.py.
import { type ByteSource, invalidModel } from './byte-source.ts';
import { allowName, callByName, persistentStorage } from './pickle-calls.ts';
import { PickleDict, PickleTuple, type PickleValue } from './pickle-values.ts';

const what = 'a PyTorch file';
/** A net has tens of tensors, each some dozen operations. */
const mostOperations = 4_000_000;
const mostStacked = 1_000_000;
const longestText = 1 << 20;

const mark = Symbol('mark');
type Stacked = PickleValue | typeof mark;

class PickleMachine {
  readonly #source: ByteSource;
  readonly #end: number;
  readonly #stack: Stacked[] = [];
  readonly #memo = new Map<number, PickleValue>();
  at: number;

  constructor(source: ByteSource, start: number, end: number) {
    this.#source = source;
    this.at = start;
    this.#end = end;
  }

  run(): PickleValue {
    for (let count = 0; count < mostOperations; count++) {
      const operation = this.#byte();
      if (operation === 0x2e) return this.#pop(); // STOP
      this.#execute(operation);
      if (this.#stack.length > mostStacked) throw new Error('it stacks too much');
    }
    throw new Error('it does not come to an end');
  }

  #execute(operation: number): void {
    switch (operation) {
      case 0x80: // PROTO
        if (this.#byte() > 5) throw new Error('it has a pickle protocol that is not known here');
        break;
      case 0x95: // FRAME: only a hint of how much to read at once
        this.#take(8);
        break;
      case 0x28: // MARK
        this.#stack.push(mark);
        break;
      case 0x30: // POP
        if (this.#stack.pop() === undefined) throw new Error('its stack is empty');
        break;
      case 0x31: // POP_MARK
        this.#toMark();
        break;
      case 0x4e: // NONE
        this.#push(null);
        break;
      case 0x88: // NEWTRUE
        this.#push(true);
        break;
      case 0x89: // NEWFALSE
        this.#push(false);
        break;
      case 0x4b: // BININT1
        this.#push(this.#byte());
        break;
      case 0x4d: // BININT2
        this.#push(this.#take(2).readUInt16LE());
        break;
      case 0x4a: // BININT
        this.#push(this.#take(4).readInt32LE());
        break;
      case 0x8a: // LONG1
        this.#push(this.#long(this.#byte()));
        break;
      case 0x47: // BINFLOAT
        this.#push(this.#take(8).readDoubleBE());
        break;
      case 0x8c: // SHORT_BINUNICODE
        this.#push(this.#text(this.#byte()));
        break;
      case 0x58: // BINUNICODE
        this.#push(this.#text(this.#take(4).readUInt32LE()));
        break;
      case 0x8d: // BINUNICODE8
        this.#push(this.#text(Number(this.#take(8).readBigUInt64LE())));
        break;
      case 0x55: // SHORT_BINSTRING, Python 2's text
        this.#push(this.#text(this.#byte()));
        break;
      case 0x54: // BINSTRING
        this.#push(this.#text(this.#take(4).readUInt32LE()));
        break;
      case 0x43: // SHORT_BINBYTES
        this.#push(Uint8Array.from(this.#take(this.#byte())));
        break;
      case 0x42: // BINBYTES
        this.#push(Uint8Array.from(this.#bytes(this.#take(4).readUInt32LE())));
        break;
      case 0x7d: // EMPTY_DICT
        this.#push(new PickleDict());
        break;
      case 0x5d: // EMPTY_LIST
        this.#push([]);
        break;
      case 0x29: // EMPTY_TUPLE
        this.#push(new PickleTuple([]));
        break;
      case 0x74: // TUPLE
        this.#push(new PickleTuple(this.#toMark()));
        break;
      case 0x85: // TUPLE1, TUPLE2, TUPLE3
      case 0x86:
      case 0x87:
        this.#push(new PickleTuple(this.#popSome(operation - 0x84)));
        break;
      case 0x61: // APPEND
        this.#append(this.#popSome(1));
        break;
      case 0x65: // APPENDS
        this.#append(this.#toMark());
        break;
      case 0x73: // SETITEM
        this.#set(this.#popSome(2));
        break;
      case 0x75: // SETITEMS
        this.#set(this.#toMark());
        break;
      case 0x71: // BINPUT
        this.#remember(this.#byte());
        break;
      case 0x72: // LONG_BINPUT
        this.#remember(this.#take(4).readUInt32LE());
        break;
      case 0x94: // MEMOIZE
        this.#remember(this.#memo.size);
        break;
      case 0x68: // BINGET
        this.#recall(this.#byte());
        break;
      case 0x6a: // LONG_BINGET
        this.#recall(this.#take(4).readUInt32LE());
        break;
      case 0x63: // GLOBAL
        this.#push(allowName(this.#line(), this.#line()));
        break;
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = this.#popSome(2);
        if (typeof module !== 'string' || typeof name !== 'string') throw new Error('it names nothing');
        this.#push(allowName(module, name));
        break;
      }
      case 0x51: // BINPERSID
        this.#push(persistentStorage(this.#pop()));
        break;
      case 0x52: {
        // REDUCE
        const args = this.#pop();
        this.#push(callByName(this.#pop(), args));
        break;
      }
      case 0x62: {
        // BUILD: a state dict carries the versions of its modules as an attribute, which is left aside
        this.#pop();
        const built = this.#top();
        if (!(built instanceof PickleDict)) throw new Error('it sets the state of an object');
        break;
      }
      default:
        throw new Error(
          `operation 0x${operation.toString(16)} is not one that a set of tensors needs; nothing was run`,
        );
    }
  }

  #take(length: number): Buffer {
    if (this.at + length > this.#end) throw new Error('it ends too early');
    const bytes = this.#source.read(this.at, length);
    this.at += length;
    return bytes;
  }

  #byte(): number {
    return this.#take(1)[0] ?? 0;
  }

  #bytes(length: number): Buffer {
    if (length > longestText) throw new Error(`it holds a text of ${length} bytes`);
    return this.#take(length);
  }

  #text(length: number): string {
    return this.#bytes(length).toString('utf8');
  }

  /** Up to the line's end. */
  #line(): string {
    const line: number[] = [];
    for (let byte = this.#byte(); byte !== 0x0a; byte = this.#byte()) {
      if (line.length >= 200) throw new Error('it holds a name that is too long');
      line.push(byte);
    }
    return Buffer.from(line).toString('utf8');
  }

  /** A little-endian number of so many bytes. */
  #long(length: number): PickleValue {
    if (length === 0) return 0;
    const bytes = this.#take(length);
    if (length <= 6) return bytes.readIntLE(0, length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] ?? 0);
    value = BigInt.asIntN(8 * length, value);
    const safe = value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= BigInt(Number.MIN_SAFE_INTEGER);
    return safe ? Number(value) : value;
  }

  #push(value: PickleValue): void {
    this.#stack.push(value);
  }

  #pop(): PickleValue {
    const value = this.#stack.pop();
    if (value === undefined || value === mark) throw new Error('its stack is empty');
    return value as PickleValue;
  }

  #top(): PickleValue {
    const value = this.#stack.at(-1);
    if (value === undefined || value === mark) throw new Error('its stack is empty');
    return value as PickleValue;
  }

  #popSome(count: number): PickleValue[] {
    return Array.from({ length: count }, () => this.#pop()).reverse();
  }

  #toMark(): PickleValue[] {
    const at = this.#stack.lastIndexOf(mark);
    if (at < 0) throw new Error('a mark is missing');
    const items = this.#stack.splice(at) as PickleValue[];
    items.shift();
    return items;
  }

  #append(items: PickleValue[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw new Error('it appends to something else than a list');
    for (const item of items) list.push(item);
  }

  #set(items: PickleValue[]): void {
    const dict = this.#top();
    if (!(dict instanceof PickleDict) || items.length % 2 !== 0)
      throw new Error('it fills something else than a dict');
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i];
      if (typeof key !== 'string' && typeof key !== 'number')
        throw new Error('a dict has a key that is no text');
      if (dict.entries.has(key))
        throw new Error(`a dict has ${JSON.stringify(String(key).slice(0, 80))} twice`);
      dict.entries.set(key, items[i + 1] ?? null);
    }
  }

  #remember(place: number): void {
    this.#memo.set(place, this.#top());
  }

  #recall(place: number): void {
    const value = this.#memo.get(place);
    if (value === undefined) throw new Error('it recalls what it never kept');
    this.#push(value);
  }
}

/** The value of the pickle that begins at `start`, and where it ends. Throws INVALID_MODEL. */
export function readPickle(
  source: ByteSource,
  start: number,
  end: number = source.size,
): { value: PickleValue; end: number } {
  const machine = new PickleMachine(source, start, end);
  try {
    return { value: machine.run(), end: machine.at };
  } catch (error) {
    if (error instanceof Error && error.name === 'AppError') throw error;
    throw invalidModel(source.path, what, error instanceof Error ? error.message : String(error));
  }
}
