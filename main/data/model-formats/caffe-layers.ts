// The fields of Caffe's messages that weights and the net's form are in, in both of its generations. Source: the
// public schema, src/caffe/proto/caffe.proto.
import type { ProtobufReader, WireField } from './protobuf-reader.ts';
import type { TensorRecord } from './tensor-records.ts';

export type CaffeKind =
  | 'conv'
  | 'fc'
  | 'relu'
  | 'tanh'
  | 'sigmoid'
  | 'lrn'
  | 'pool'
  | 'dropout'
  /** Data, losses, softmax: nothing between the picture and the logits. */
  | 'aside'
  | 'unknown';

export interface CaffeLayer {
  name: string;
  kind: CaffeKind;
  type: string;
  bottoms: string[];
  tops: string[];
  blobs: TensorRecord[];
  /** The kind's own parameters by their names in the schema, where they are given. */
  numbers: ReadonlyMap<string, number>;
}

interface LayerFields {
  name: number;
  bottom: number;
  top: number;
  type: number;
  blobs: number;
  parameters: ReadonlyMap<number, ReadonlyMap<number, string>>;
}

const convolution = new Map([
  [1, 'num_output'],
  [3, 'pad'],
  [4, 'kernel_size'],
  [5, 'group'],
  [6, 'stride'],
  [9, 'pad_h'],
  [10, 'pad_w'],
  [11, 'kernel_h'],
  [12, 'kernel_w'],
  [13, 'stride_h'],
  [14, 'stride_w'],
  [18, 'dilation'],
]);
const lrn = new Map([
  [1, 'local_size'],
  [2, 'alpha'],
  [3, 'beta'],
  [4, 'norm_region'],
  [5, 'k'],
]);
const pooling = new Map([
  [1, 'pool'],
  [2, 'kernel_size'],
  [3, 'stride'],
  [4, 'pad'],
  [5, 'kernel_h'],
  [6, 'kernel_w'],
  [7, 'stride_h'],
  [8, 'stride_w'],
]);
const innerProduct = new Map([
  [1, 'num_output'],
  [6, 'transpose'],
]);
const dropout = new Map([[1, 'dropout_ratio']]);
const relu = new Map([[1, 'negative_slope']]);

/** LayerParameter. */
export const layerFields: LayerFields = {
  name: 1,
  type: 2,
  bottom: 3,
  top: 4,
  blobs: 7,
  parameters: new Map([
    [106, convolution],
    [108, dropout],
    [117, innerProduct],
    [118, lrn],
    [121, pooling],
    [123, relu],
  ]),
};

/** V1LayerParameter. */
export const v1LayerFields: LayerFields = {
  name: 4,
  type: 5,
  bottom: 2,
  top: 3,
  blobs: 6,
  parameters: new Map([
    [10, convolution],
    [12, dropout],
    [17, innerProduct],
    [18, lrn],
    [19, pooling],
    [30, relu],
  ]),
};

const kindsByName: ReadonlyMap<string, CaffeKind> = new Map<string, CaffeKind>([
  ['Convolution', 'conv'],
  ['InnerProduct', 'fc'],
  ['ReLU', 'relu'],
  ['TanH', 'tanh'],
  ['Sigmoid', 'sigmoid'],
  ['LRN', 'lrn'],
  ['Pooling', 'pool'],
  ['Dropout', 'dropout'],
  ...[
    'Data',
    'Input',
    'ImageData',
    'HDF5Data',
    'MemoryData',
    'DummyData',
    'WindowData',
    'Accuracy',
    'Silence',
  ].map((name): [string, CaffeKind] => [name, 'aside']),
  ...['Softmax', 'SoftmaxWithLoss', 'Split', 'Flatten', 'ArgMax'].map((name): [string, CaffeKind] => [
    name,
    'aside',
  ]),
]);

/** The numbers of V1LayerParameter.LayerType. */
const v1Types: ReadonlyMap<number, string> = new Map([
  [1, 'Accuracy'],
  [4, 'Convolution'],
  [5, 'Data'],
  [6, 'Dropout'],
  [8, 'Flatten'],
  [9, 'HDF5Data'],
  [12, 'ImageData'],
  [14, 'InnerProduct'],
  [15, 'LRN'],
  [17, 'Pooling'],
  [18, 'ReLU'],
  [19, 'Sigmoid'],
  [20, 'Softmax'],
  [21, 'SoftmaxWithLoss'],
  [22, 'Split'],
  [23, 'TanH'],
  [24, 'WindowData'],
  [29, 'MemoryData'],
  [30, 'ArgMax'],
  [32, 'DummyData'],
  [36, 'Silence'],
]);

/** BlobProto. Its values are one packed field, fp32 or fp64; they stay in the file. */
export function readBlob(reader: ProtobufReader, field: WireField, name: string): TensorRecord {
  let shape: number[] | undefined;
  const old = [0, 0, 0, 0];
  let data: { dtype: string; position: number; sizeBytes: number } | undefined;
  for (const part of reader.inside(field)) {
    if (part.number === 7) {
      shape = [];
      for (const dim of reader.inside(part)) if (dim.number === 1) shape.push(...reader.integers(dim));
    } else if (part.number >= 1 && part.number <= 4 && part.kind === 'varint') {
      old[part.number - 1] = part.value;
    } else if (part.number === 5 || part.number === 8) {
      if (part.kind !== 'bytes') throw reader.refuse(`the values of ${name} are not packed`);
      if (data !== undefined) throw reader.refuse(`the values of ${name} are in several parts`);
      data = {
        dtype: part.number === 5 ? 'F32' : 'F64',
        position: part.position,
        sizeBytes: part.sizeBytes,
      };
    }
  }
  if (data === undefined) throw reader.refuse(`${name} has no values`);
  return { name, shape: shape ?? old, offset: 0, source: reader.source, ...data };
}

function readNumbers(
  reader: ProtobufReader,
  field: WireField,
  names: ReadonlyMap<number, string>,
  numbers: Map<string, number>,
): void {
  for (const part of reader.inside(field)) {
    const name = names.get(part.number);
    if (name === undefined) continue;
    if (part.kind === 'fixed32') numbers.set(name, reader.float(part));
    else for (const value of reader.integers(part)) numbers.set(name, value);
  }
}

export function readLayer(reader: ProtobufReader, field: WireField, fields: LayerFields): CaffeLayer {
  const numbers = new Map<string, number>();
  const blobs: WireField[] = [];
  const bottoms: string[] = [];
  const tops: string[] = [];
  let name = '';
  let type = '';
  for (const part of reader.inside(field)) {
    const parameters = fields.parameters.get(part.number);
    if (part.number === fields.name) name = reader.text(part);
    else if (part.number === fields.bottom) bottoms.push(reader.text(part));
    else if (part.number === fields.top) tops.push(reader.text(part));
    else if (part.number === fields.blobs) blobs.push(part);
    else if (part.number === fields.type) {
      type = part.kind === 'varint' ? (v1Types.get(part.value) ?? `type ${part.value}`) : reader.text(part);
    } else if (parameters !== undefined) readNumbers(reader, part, parameters, numbers);
    else if (part.number === 1 && fields === v1LayerFields) {
      throw reader.refuse(
        'its layers have the form of before 2014 (V0); upgrade it with upgrade_net_proto_binary',
      );
    }
  }
  if (blobs.length > 8) throw reader.refuse(`layer ${name} has ${blobs.length} blobs`);
  return {
    name,
    type,
    kind: kindsByName.get(type) ?? 'unknown',
    bottoms,
    tops,
    numbers,
    blobs: blobs.map((blob, i) => readBlob(reader, blob, `${name}.${['weight', 'bias'][i] ?? i}`)),
  };
}
