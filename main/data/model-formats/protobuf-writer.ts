// Protocol buffers' wire format, written: messages are buffers, except where tensors' values are streamed.

function varint(value: number | bigint): Buffer {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return Buffer.from(bytes);
}

export function integerField(number: number, value: number): Buffer {
  return Buffer.concat([varint(number * 8), varint(value)]);
}

export function floatField(number: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([varint(number * 8 + 5), bytes]);
}

/** The tag and length of a field whose `sizeBytes` bytes follow. */
export function fieldHead(number: number, sizeBytes: number): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(sizeBytes)]);
}

export function bytesField(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([fieldHead(number, bytes.byteLength), bytes]);
}

export function textField(number: number, text: string): Buffer {
  return bytesField(number, Buffer.from(text, 'utf8'));
}

export function messageField(number: number, ...parts: readonly Uint8Array[]): Buffer {
  return bytesField(number, Buffer.concat(parts));
}

/** A repeated number, packed. */
export function integersField(number: number, values: readonly number[]): Buffer {
  return bytesField(number, Buffer.concat(values.map(varint)));
}
