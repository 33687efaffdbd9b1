// The messages of ONNX that weights and the net's form are in. Source: the public schema, onnx/onnx.proto3.
import type { ByteSource } from './byte-source.ts';
import type { ProtobufReader, WireField } from './protobuf-reader.ts';
import type { TensorRecord } from './tensor-records.ts';

export interface OnnxNode {
  type: string;
  inputs: string[];
  outputs: string[];
  /** Numbers and lists of numbers; text where it is text. */
  attributes: ReadonlyMap<string, number | number[] | string>;
}

export interface OnnxGraph {
  nodes: OnnxNode[];
  records: TensorRecord[];
  /** Names and extents of the inputs; -1: any. */
  inputs: { name: string; shape: number[] }[];
  title: string;
}

/** Opens a file of the model's own folder; undefined where there is no folder. */
export type OpenBeside = ((name: string) => ByteSource) | undefined;

/** TensorProto.DataType as safetensors calls them. */
const dataTypes: ReadonlyMap<number, string> = new Map([
  [1, 'F32'],
  [2, 'U8'],
  [3, 'I8'],
  [4, 'U16'],
  [5, 'I16'],
  [6, 'I32'],
  [7, 'I64'],
  [9, 'BOOL'],
  [10, 'F16'],
  [11, 'F64'],
  [12, 'U32'],
  [13, 'U64'],
  [16, 'BF16'],
]);

/** Fields of packed values besides raw_data, where they are as wide as their type. */
const packedFields: ReadonlyMap<number, string> = new Map([
  [4, 'F32'],
  [10, 'F64'],
]);

function readPair(reader: ProtobufReader, field: WireField): [string, string] {
  let key = '';
  let value = '';
  for (const part of reader.inside(field)) {
    if (part.number === 1) key = reader.text(part);
    if (part.number === 2) value = reader.text(part);
  }
  return [key, value];
}

export function readPairs(reader: ProtobufReader, fields: readonly WireField[]): Record<string, string> {
  return Object.fromEntries(fields.map((field) => readPair(reader, field)));
}

/** TensorProto; undefined where its values are of no use as weights (text, or whole numbers field by field). */
export function readTensor(
  reader: ProtobufReader,
  field: WireField,
  beside: OpenBeside,
): TensorRecord | undefined {
  const shape: number[] = [];
  let type = 0;
  let name = '';
  let elsewhere = false;
  const external: WireField[] = [];
  let data: { position: number; sizeBytes: number; source: ByteSource } | undefined;
  let packedAs: string | undefined;
  for (const part of reader.inside(field)) {
    if (part.number === 1) shape.push(...reader.integers(part));
    else if (part.number === 2) type = reader.integer(part);
    else if (part.number === 8) name = reader.text(part);
    else if (part.number === 14) elsewhere = reader.integer(part) === 1;
    else if (part.number === 13) external.push(part);
    else if (part.number === 9 || packedFields.has(part.number)) {
      if (part.kind !== 'bytes') throw reader.refuse(`the values of ${name} are not packed`);
      if (data !== undefined) throw reader.refuse(`the values of ${name} are in several parts`);
      packedAs = packedFields.get(part.number);
      data = { position: part.position, sizeBytes: part.sizeBytes, source: reader.source };
    }
    if (shape.length > 100) throw reader.refuse(`tensor ${name} has too many dimensions`);
  }
  const dtype = dataTypes.get(type);
  if (elsewhere) data = externalData(reader, name, readPairs(reader, external), beside);
  if (data === undefined || dtype === undefined) return undefined;
  if (packedAs !== undefined && packedAs !== dtype) {
    throw reader.refuse(`the values of ${name} are not of the type that it names`);
  }
  return { name, shape, dtype, offset: 0, ...data };
}

/** Values in another file: only one that lies in the model's own folder. */
function externalData(
  reader: ProtobufReader,
  name: string,
  { location = '', offset = '0', length }: Record<string, string>,
  beside: OpenBeside,
): { position: number; sizeBytes: number; source: ByteSource } {
  if (location === '' || location === '.' || location === '..' || /[/\\\0]/.test(location)) {
    throw reader.refuse(
      `tensor ${name} lies in another file, ${JSON.stringify(location.slice(0, 200))}, which must be in the model's own folder`,
    );
  }
  if (beside === undefined) throw reader.refuse(`tensor ${name} lies in another file, ${location}`);
  const source = beside(location);
  const position = Number(offset);
  const sizeBytes = length === undefined ? source.size - position : Number(length);
  if (!Number.isSafeInteger(position) || !Number.isSafeInteger(sizeBytes)) {
    throw reader.refuse(`the place of tensor ${name} in ${location} is no number`);
  }
  return { position, sizeBytes, source };
}

function readAttribute(reader: ProtobufReader, field: WireField): [string, number | number[] | string] {
  let name = '';
  let value: number | number[] | string = 0;
  const list: number[] = [];
  for (const part of reader.inside(field)) {
    if (part.number === 1) name = reader.text(part);
    else if (part.number === 2) value = reader.float(part);
    else if (part.number === 3) value = reader.integer(part);
    else if (part.number === 4) value = reader.text(part);
    else if (part.number === 8) list.push(...reader.integers(part));
    if (list.length > 1000) throw reader.refuse(`attribute ${name} is too long`);
  }
  return [name, list.length > 0 ? list : value];
}

function readNode(reader: ProtobufReader, field: WireField): OnnxNode {
  const node: OnnxNode = { type: '', inputs: [], outputs: [], attributes: new Map() };
  const attributes = new Map<string, number | number[] | string>();
  for (const part of reader.inside(field)) {
    if (part.number === 1) node.inputs.push(reader.text(part));
    else if (part.number === 2) node.outputs.push(reader.text(part));
    else if (part.number === 4) node.type = reader.text(part);
    else if (part.number === 5) attributes.set(...readAttribute(reader, part));
  }
  return { ...node, attributes };
}

/** ValueInfoProto: type.tensor_type.shape.dim. */
function readInput(reader: ProtobufReader, field: WireField): { name: string; shape: number[] } {
  let name = '';
  const shape: number[] = [];
  const inside = (outer: Iterable<WireField>, number: number) =>
    [...outer].filter((part) => part.number === number);
  for (const part of reader.inside(field)) {
    if (part.number === 1) name = reader.text(part);
    if (part.number !== 2) continue;
    const dims = inside(reader.inside(part), 1)
      .flatMap((tensor) => inside(reader.inside(tensor), 2))
      .flatMap((extents) => inside(reader.inside(extents), 1));
    for (const dim of dims) {
      const [extent] = inside(reader.inside(dim), 1);
      shape.push(extent === undefined ? -1 : reader.integer(extent));
    }
  }
  return { name, shape };
}

const mostNodes = 10_000;

/** GraphProto. */
export function readGraph(reader: ProtobufReader, field: WireField, beside: OpenBeside): OnnxGraph {
  const graph: OnnxGraph = { nodes: [], records: [], inputs: [], title: '' };
  const names = new Set<string>();
  for (const part of reader.inside(field)) {
    if (part.number === 1) graph.nodes.push(readNode(reader, part));
    else if (part.number === 2) graph.title = reader.text(part);
    else if (part.number === 11) graph.inputs.push(readInput(reader, part));
    else if (part.number === 5) {
      const record = readTensor(reader, part, beside);
      if (record === undefined) continue;
      if (names.has(record.name)) {
        throw reader.refuse(`it has two tensors of the name ${JSON.stringify(record.name.slice(0, 80))}`);
      }
      names.add(record.name);
      graph.records.push(record);
    }
    if (graph.nodes.length + graph.records.length > mostNodes) throw reader.refuse('its graph is too large');
  }
  return graph;
}
