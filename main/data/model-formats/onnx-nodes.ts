// A net of the AlexNet family as ONNX nodes (operator set 13). Two columns become groups of convolutions, and maps are
// normalised among those of their column.
import { AppError } from '../../api/errors.ts';
import type { LayerDescription, NetDescription } from '../../api/net-description.ts';
import {
  type LayerConfig,
  lrnSchema,
  type NetConfig,
  poolingSchema,
  spatialNormSchema,
} from '../../api/run-config.ts';
import { bytesField, floatField, integerField, messageField, textField } from './protobuf-writer.ts';

/** A number, a list of whole numbers, or text of an attribute. Floats are given as { float }. */
type AttributeValue = number | readonly number[] | { float: number };

/** AttributeProto.AttributeType */
const attributeTypes = { float: 1, integer: 2, integers: 7 };

function attribute(name: string, value: AttributeValue): Buffer {
  const parts = [textField(1, name)];
  if (typeof value === 'number') parts.push(integerField(3, value), integerField(20, attributeTypes.integer));
  else if ('float' in value) parts.push(floatField(2, value.float), integerField(20, attributeTypes.float));
  else {
    parts.push(...value.map((one) => integerField(8, one)), integerField(20, attributeTypes.integers));
  }
  return messageField(5, ...parts);
}

/** A small constant beside the weights. */
export interface Constant {
  name: string;
  shape: number[];
  type: 'float' | 'int64';
  values: number[];
}

/** TensorProto */
export function constantMessage({ name, shape, type, values }: Constant): Buffer {
  const bytes = Buffer.alloc(values.length * (type === 'float' ? 4 : 8));
  values.forEach((value, i) => {
    if (type === 'float') bytes.writeFloatLE(value, 4 * i);
    else bytes.writeBigInt64LE(BigInt(value), 8 * i);
  });
  return Buffer.concat([
    ...shape.map((extent) => integerField(1, extent)),
    integerField(2, type === 'float' ? 1 : 7),
    textField(8, name),
    bytesField(9, bytes),
  ]);
}

export interface OnnxNodes {
  /** NodeProto messages, in order. */
  nodes: Buffer[];
  constants: Constant[];
}

/** The value that the picture comes in as, and what comes out. */
export const valueNames = { input: 'input', logits: 'logits', probabilities: 'probabilities' };

class NodeList {
  readonly nodes: Buffer[] = [];
  readonly #constants = new Map<string, Constant>();
  #count = 0;
  current = valueNames.input;

  get constants(): Constant[] {
    return [...this.#constants.values()];
  }

  constant(name: string, type: Constant['type'], shape: number[], values: number[]): string {
    this.#constants.set(name, { name, type, shape, values });
    return name;
  }

  /** Returns the name of its output. */
  add(
    type: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    output = `value${this.#count}`,
  ): string {
    this.nodes.push(
      Buffer.concat([
        ...inputs.map((input) => textField(1, input)),
        textField(2, output),
        textField(3, `${type.toLowerCase()}${this.#count++}`),
        textField(4, type),
        ...Object.entries(attributes).map(([name, value]) => attribute(name, value)),
      ]),
    );
    return output;
  }

  /** A node that reads the value before it, and what else is given. */
  then(
    type: string,
    inputs: readonly string[] = [],
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): void {
    this.current = this.add(type, [this.current, ...inputs], attributes);
  }
}

const activations = { relu: 'Relu', tanh: 'Tanh', sigmoid: 'Sigmoid' };

/** A layer's own settings over the net's over the defaults. */
function settings<T>(schema: { parse(value: unknown): T }, ...given: readonly unknown[]): T {
  return schema.parse(Object.assign({}, ...given.map((one) => (one === null || one === false ? {} : one))));
}

function addConvolution(list: NodeList, layer: LayerConfig, described: LayerDescription): void {
  const { kernel = 1, stride = 1, padding = 0 } = layer;
  const before = typeof padding === 'number' ? padding : padding.size;
  const [, height, width] = described.input;
  const [, outHeight, outWidth] = described.linear;
  // What the last window reads beyond the edge.
  const after = (input: number, output: number) =>
    Math.max(before, (output - 1) * stride + kernel - input - before);
  list.then('Conv', [`${layer.name}.weight`, `${layer.name}.bias`], {
    kernel_shape: [kernel, kernel],
    strides: [stride, stride],
    pads: [before, before, after(height, outHeight), after(width, outWidth)],
    group: described.groups,
  });
}

/** A product of each column's own half is a convolution of one pixel in groups. */
function addProduct(list: NodeList, layer: LayerConfig, described: LayerDescription, flat: boolean): void {
  const [weight, bias] = [`${layer.name}.weight`, `${layer.name}.bias`];
  if (described.groups === 1) {
    if (!flat) list.then('Flatten', [], { axis: 1 });
    list.then('Gemm', [weight, bias], { transB: 1 });
    return;
  }
  const inputs = described.input.reduce((product, extent) => product * extent, 1);
  const outputs = described.linear[0];
  const asPixel = list.constant(`${layer.name}.pixel`, 'int64', [4], [-1, inputs, 1, 1]);
  const axes = list.constant('pixel.axes', 'int64', [2], [2, 3]);
  list.then('Reshape', [asPixel]);
  const kernel = list.add('Unsqueeze', [weight, axes]);
  list.then('Conv', [kernel, bias], { kernel_shape: [1, 1], group: described.groups });
  list.then('Reshape', [list.constant(`${layer.name}.row`, 'int64', [2], [-1, outputs])]);
}

interface Place {
  net: NetConfig;
  layer: LayerConfig;
  columns: number;
  /** Of the value that the operation reads. */
  shape: [number, number, number];
}

function addLrn(list: NodeList, { net, layer, columns, shape }: Place): void {
  const { size, k, alpha, beta, alphaOverN } = settings(lrnSchema, net.lrn, layer.lrn);
  const [channels, height, width] = shape;
  const attributes = {
    size,
    // ONNX divides alpha by n.
    alpha: { float: alphaOverN ? alpha : alpha * size },
    beta: { float: beta },
    bias: { float: k },
  };
  if (columns === 1) {
    list.then('LRN', [], attributes);
    return;
  }
  if (channels % columns !== 0) {
    throw new AppError(
      'INVALID_ARGUMENT',
      `layer ${layer.name} has columns of different widths, which ONNX cannot normalise`,
    );
  }
  // Each column's maps as a picture of their own.
  const apart = list.constant(`${layer.name}.apart`, 'int64', [4], [-1, channels / columns, height, width]);
  const joined = list.constant(`${layer.name}.joined`, 'int64', [4], [-1, channels, height, width]);
  list.then('Reshape', [apart]);
  list.then('LRN', [], attributes);
  list.then('Reshape', [joined]);
}

function addSpatialNorm(list: NodeList, { net, layer }: Place): void {
  const { size, k, alpha, beta } = settings(spatialNormSchema, net.spatialNorm, layer.spatialNorm);
  const scalar = (name: string, value: number) =>
    list.constant(`${layer.name}.${name}`, 'float', [], [value]);
  const value = list.current;
  const before = Math.floor(size / 2);
  list.then('Mul', [value]);
  list.then('AveragePool', [], {
    kernel_shape: [size, size],
    strides: [1, 1],
    pads: [before, before, size - 1 - before, size - 1 - before],
    count_include_pad: 1,
  });
  list.then('Mul', [scalar('alpha', alpha * size * size)]);
  list.then('Add', [scalar('k', k)]);
  list.then('Pow', [scalar('beta', beta)]);
  list.current = list.add('Div', [value, list.current]);
}

function addOperation(list: NodeList, operation: LayerDescription['ops'][number], place: Place): void {
  const { net, layer } = place;
  switch (operation) {
    case 'activation':
      list.then(activations[net.activation]);
      break;
    case 'lrn':
      addLrn(list, place);
      break;
    case 'spatialNorm':
      addSpatialNorm(list, place);
      break;
    case 'pool': {
      const { size, stride, rounding } = settings(poolingSchema, net.pooling, layer.pooling);
      list.then('MaxPool', [], {
        kernel_shape: [size, size],
        strides: [stride, stride],
        ceil_mode: rounding === 'ceil' ? 1 : 0,
      });
      break;
    }
    case 'dropout': {
      const share = layer.dropout ?? net.dropout ?? 0;
      if (net.dropoutScale !== 'test') break;
      // The paper's form: at test all outputs are there, each as strong as it was on average.
      list.then('Mul', [list.constant(`${layer.name}.kept`, 'float', [], [1 - share])]);
      break;
    }
  }
}

/** Throws INVALID_ARGUMENT for what ONNX has no operation for. */
export function onnxNodes(net: NetConfig, description: NetDescription): OnnxNodes {
  const list = new NodeList();
  let flat = false;
  description.layers.forEach((described, index) => {
    const layer = net.layers[index];
    if (layer === undefined) throw new AppError('INTERNAL', 'a net and its description differ');
    if (described.kind === 'conv') addConvolution(list, layer, described);
    else {
      addProduct(list, layer, described, flat);
      flat = true;
    }
    let shape = described.linear;
    for (const operation of described.ops) {
      addOperation(list, operation, { net, layer, columns: description.columns, shape });
      if (operation === 'pool') shape = described.output;
    }
  });
  // The last value goes by the name that other programs look for.
  list.add('Identity', [list.current], {}, valueNames.logits);
  list.add('Softmax', [valueNames.logits], { axis: 1 }, valueNames.probabilities);
  return { nodes: list.nodes, constants: list.constants };
}
