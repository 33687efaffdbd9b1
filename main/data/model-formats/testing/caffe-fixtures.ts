// Caffe models for tests, written from the public schema by hand: see caffe-layers.ts for its fields.
import {
  bytesField,
  floatField,
  integerField,
  integersField,
  messageField,
  textField,
} from '../protobuf-writer.ts';

export interface FixtureLayer {
  name: string;
  /** Of LayerParameter; the old form's number beside it. */
  type: readonly [string, number];
  bottom: string;
  top: string;
  blobs?: readonly { shape: readonly number[]; values: Float32Array }[];
  /** Number of the parameters' field in the new and in the old form, and its content. */
  parameters?: readonly [number, number, Buffer];
}

function floats(values: Float32Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}

/** BlobProto in either form; the old one has four extents, ones in front. */
export function blob(shape: readonly number[], values: Float32Array, old: boolean): Buffer {
  if (!old) return Buffer.concat([bytesField(5, floats(values)), messageField(7, integersField(1, shape))]);
  const four = [...Array.from({ length: 4 - shape.length }, () => 1), ...shape];
  return Buffer.concat([
    ...four.map((extent, i) => integerField(i + 1, extent)),
    bytesField(5, floats(values)),
  ]);
}

/** NetParameter, its layers as LayerParameter or as V1LayerParameter. */
export function caffeModel(name: string, layers: readonly FixtureLayer[], old: boolean): Buffer {
  const parts = layers.map((layer) => {
    const [type, oldType] = layer.type;
    const blobs = (layer.blobs ?? []).map(({ shape, values }) => blob(shape, values, old));
    const [newField, oldField, content] = layer.parameters ?? [0, 0, undefined];
    if (old) {
      return messageField(
        2,
        textField(2, layer.bottom),
        textField(3, layer.top),
        textField(4, layer.name),
        integerField(5, oldType),
        ...blobs.map((one) => bytesField(6, one)),
        ...(content === undefined ? [] : [bytesField(oldField, content)]),
      );
    }
    return messageField(
      100,
      textField(1, layer.name),
      textField(2, type),
      textField(3, layer.bottom),
      textField(4, layer.top),
      ...blobs.map((one) => bytesField(7, one)),
      ...(content === undefined ? [] : [bytesField(newField, content)]),
    );
  });
  return Buffer.concat([textField(1, name), ...parts]);
}

export const layerTypes = {
  conv: ['Convolution', 4],
  fc: ['InnerProduct', 14],
  relu: ['ReLU', 18],
  lrn: ['LRN', 15],
  pool: ['Pooling', 17],
  dropout: ['Dropout', 6],
  softmax: ['Softmax', 20],
} as const satisfies Record<string, readonly [string, number]>;

export interface AlexNetShape {
  /** Maps of conv1..5, units of fc6, fc7, classes. */
  widths: readonly number[];
  /** Side of the maps that fc6 reads. */
  side: number;
  /** bvlc_alexnet normalises before it pools, caffenet after. */
  order: 'lrn-pool' | 'pool-lrn';
}

/** The reference models' layers, of any width. `value(name, i)`: value i of a tensor. */
export function alexnetLayers(
  { widths, side, order }: AlexNetShape,
  value: (name: string, index: number) => number,
): FixtureLayer[] {
  const [w1 = 0, w2 = 0, w3 = 0, w4 = 0, w5 = 0, w6 = 0, w7 = 0, w8 = 0] = widths;
  const layers: FixtureLayer[] = [];
  let bottom = 'data';
  const add = (
    name: string,
    kind: keyof typeof layerTypes,
    more: Partial<FixtureLayer> = {},
    inPlace = false,
  ) => {
    layers.push({ name, type: layerTypes[kind], bottom, top: inPlace ? bottom : name, ...more });
    if (!inPlace) bottom = name;
  };
  const filled = (name: string, shape: readonly number[]) => {
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
    for (let i = 0; i < values.length; i++) values[i] = value(name, i);
    return { shape, values };
  };
  const blobs = (name: string, shape: readonly number[]) => [
    filled(`${name}.weight`, shape),
    filled(`${name}.bias`, shape.slice(0, 1)),
  ];
  const conv = (index: number, shape: readonly number[], pad: number, stride: number, group: number) => {
    const fields: [number, number][] = [
      [1, shape[0] ?? 0],
      [3, pad],
      [4, shape[2] ?? 0],
      [5, group],
      [6, stride],
    ];
    const content = Buffer.concat(fields.map(([number, one]) => integerField(number, one)));
    const name = `conv${index}`;
    add(name, 'conv', { blobs: blobs(name, shape), parameters: [106, 10, content] });
    add(`relu${index}`, 'relu', {}, true);
  };
  const lrn = (index: number) =>
    add(`norm${index}`, 'lrn', {
      parameters: [118, 18, Buffer.concat([integerField(1, 5), floatField(2, 1e-4), floatField(3, 0.75)])],
    });
  const pool = (index: number) =>
    add(`pool${index}`, 'pool', {
      parameters: [121, 19, Buffer.concat([integerField(1, 0), integerField(2, 3), integerField(3, 2)])],
    });
  const normPool = (index: number) => {
    for (const one of order === 'lrn-pool' ? [lrn, pool] : [pool, lrn]) one(index);
  };
  const fc = (index: number, shape: readonly number[]) => {
    const name = `fc${index}`;
    const content = integerField(1, shape[0] ?? 0);
    add(name, 'fc', { blobs: blobs(name, shape), parameters: [117, 17, content] });
  };
  const drop = (index: number) =>
    add(`drop${index}`, 'dropout', { parameters: [108, 12, floatField(1, 0.5)] }, true);
  conv(1, [w1, 3, 11, 11], 0, 4, 1);
  normPool(1);
  conv(2, [w2, w1 / 2, 5, 5], 2, 1, 2);
  normPool(2);
  conv(3, [w3, w2, 3, 3], 1, 1, 1);
  conv(4, [w4, w3 / 2, 3, 3], 1, 1, 2);
  conv(5, [w5, w4 / 2, 3, 3], 1, 1, 2);
  pool(5);
  fc(6, [w6, w5 * side * side]);
  add('relu6', 'relu', {}, true);
  drop(6);
  fc(7, [w7, w6]);
  add('relu7', 'relu', {}, true);
  drop(7);
  fc(8, [w8, w7]);
  add('prob', 'softmax');
  return layers;
}
