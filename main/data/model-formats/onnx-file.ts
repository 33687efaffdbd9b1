// ONNX models: the weights, and the net as a chain of operations where the graph is one.
import { decoders } from '../float-formats.ts';
import type { ByteSource } from './byte-source.ts';
import { type ChainOperation, type ModelFile, modelFile } from './model-file.ts';
import { type OnnxGraph, type OnnxNode, type OpenBeside, readGraph, readPairs } from './onnx-graph.ts';
import { ProtobufReader, type WireField } from './protobuf-reader.ts';
import { permuted, type TensorRecord } from './tensor-records.ts';

const mostMetadata = 1000;

/** `beside` opens files of the model's own folder, for weights that are kept there. Throws INVALID_MODEL. */
export function readOnnxModel(source: ByteSource, beside?: (name: string) => ByteSource): ModelFile {
  const reader = new ProtobufReader(source, 'an ONNX model');
  const others = new Map<string, ByteSource>();
  const openOnce: OpenBeside =
    beside &&
    ((name) => {
      const opened = others.get(name) ?? beside(name);
      others.set(name, opened);
      if (others.size > 16) throw reader.refuse('its weights are in more than 16 files');
      return opened;
    });
  try {
    let graph: OnnxGraph | undefined;
    let producer = '';
    const properties: WireField[] = [];
    for (const field of reader.fields(0, source.size)) {
      if (field.number === 2) producer = reader.text(field);
      else if (field.number === 7) {
        if (graph !== undefined) throw reader.refuse('it has two graphs');
        graph = readGraph(reader, field, openOnce);
      } else if (field.number === 14) properties.push(field);
      if (properties.length > mostMetadata) throw reader.refuse('it says too much of itself');
    }
    if (graph === undefined) throw reader.refuse('it has no graph');
    const { chain, problem, records } = toChain(graph);
    const picture = graph.inputs.find(({ shape }) => shape.length === 4 && shape[1] === 3);
    const inputSize = picture?.shape[2];
    return modelFile(
      source,
      {
        format: 'onnx',
        title: producer === '' ? graph.title : producer,
        records,
        metadata: readPairs(reader, properties),
        ...(problem === undefined ? { chain } : { chainProblem: problem }),
        ...(inputSize === undefined || inputSize <= 0 ? {} : { inputSize }),
      },
      [...others.values()],
    );
  } catch (error) {
    for (const opened of others.values()) opened.close();
    throw error;
  }
}

/** Nodes that leave the values as they are, or come after the logits. */
const passing = new Set(['Identity', 'Flatten', 'Reshape', 'Squeeze', 'Softmax', 'LogSoftmax', 'Cast']);

/** Follows the picture from node to node. Weights that are kept as [in, out] are seen as [out, in]. */
function toChain(graph: OnnxGraph): {
  chain: ChainOperation[];
  problem: string | undefined;
  records: TensorRecord[];
} {
  const records = new Map(graph.records.map((record) => [record.name, record]));
  const chain: ChainOperation[] = [];
  const input = graph.inputs.find(({ name }) => !records.has(name));
  let current = input?.name ?? '';
  let problem: string | undefined;
  /** A product whose bias is added by the next node. */
  let product: { kind: 'fc'; name: string; weight: string; bias: string } | undefined;
  for (const node of graph.nodes) {
    const constant = node.inputs.every((name) => name !== current);
    if (constant && (node.type === 'Constant' || node.inputs.every((name) => records.has(name)))) continue;
    if (problem !== undefined) break;
    if (constant) {
      problem = `node ${node.type} does not read the node before it`;
      break;
    }
    current = node.outputs[0] ?? '';
    if (passing.has(node.type)) continue;
    if (node.type === 'Add' && product !== undefined) {
      product.bias = node.inputs.find((name) => records.has(name)) ?? '';
      product = undefined;
      continue;
    }
    const operation = toOperation(node, records);
    if (typeof operation === 'string') problem = operation;
    else if (operation !== undefined) {
      if (node.type === 'MatMul' && operation.kind === 'fc') product = operation;
      chain.push(operation);
    }
  }
  return { chain, problem, records: [...records.values()].filter(isWeight) };
}

/** Shapes, axes and factors of nodes are constants of the graph, too. */
function isWeight({ dtype, shape }: TensorRecord): boolean {
  return decoders.has(dtype) && shape.length > 0;
}

function numbersOf(node: OnnxNode, name: string, otherwise: number[]): number[] {
  const value = node.attributes.get(name);
  return Array.isArray(value) ? value : otherwise;
}

function numberOf(node: OnnxNode, name: string, otherwise: number): number {
  const value = node.attributes.get(name);
  return typeof value === 'number' ? value : otherwise;
}

/** Undefined: it does nothing to the values; text: what cannot be used of it. */
function toOperation(
  node: OnnxNode,
  records: Map<string, TensorRecord>,
): ChainOperation | string | undefined {
  const [, weight = '', bias = ''] = node.inputs;
  const autoPad = node.attributes.get('auto_pad');
  if (autoPad !== undefined && autoPad !== 'NOTSET' && autoPad !== 'VALID') {
    return `a ${node.type} leaves its padding open (auto_pad)`;
  }
  switch (node.type) {
    case 'Conv': {
      const [sy = 1, sx = 1] = numbersOf(node, 'strides', [1, 1]);
      const [top = 0, left = 0, bottom = 0, right = 0] = numbersOf(node, 'pads', [0, 0, 0, 0]);
      if (sy !== sx) return 'a convolution has two strides';
      if (numbersOf(node, 'dilations', [1]).some((one) => one !== 1)) return 'a convolution is dilated';
      const groups = numberOf(node, 'group', 1);
      return {
        kind: 'conv',
        name: weight,
        weight,
        bias,
        stride: sy,
        padding: [top, left, bottom, right],
        groups,
      };
    }
    case 'Gemm': {
      if (numberOf(node, 'alpha', 1) !== 1 || numberOf(node, 'beta', 1) !== 1) return 'a Gemm has factors';
      if (numberOf(node, 'transA', 0) !== 0) return 'a Gemm transposes its input';
      if (numberOf(node, 'transB', 0) === 0) transpose(records, weight);
      return { kind: 'fc', name: weight, weight, bias };
    }
    case 'MatMul':
      transpose(records, weight);
      return { kind: 'fc', name: weight, weight, bias: '' };
    case 'Relu':
      return { kind: 'activation', function: 'relu' };
    case 'Tanh':
      return { kind: 'activation', function: 'tanh' };
    case 'Sigmoid':
      return { kind: 'activation', function: 'sigmoid' };
    case 'LRN':
      return {
        kind: 'lrn',
        size: numberOf(node, 'size', 5),
        alpha: numberOf(node, 'alpha', 1e-4),
        beta: numberOf(node, 'beta', 0.75),
        k: numberOf(node, 'bias', 1),
      };
    case 'MaxPool':
      return toPool(node);
    case 'AveragePool':
      return numbersOf(node, 'kernel_shape', []).every((one) => one === 1) ? undefined : 'it pools averages';
    case 'Dropout':
      return { kind: 'dropout', share: numberOf(node, 'ratio', 0.5) };
    default:
      return `it has a node of the kind ${node.type.slice(0, 40)}`;
  }
}

function toPool(node: OnnxNode): ChainOperation | string {
  const [size = 1, width = size] = numbersOf(node, 'kernel_shape', [1]);
  const [stride = 1, across = stride] = numbersOf(node, 'strides', [1, 1]);
  const [top = 0, left = 0, bottom = 0, right = 0] = numbersOf(node, 'pads', [0, 0, 0, 0]);
  if (size !== width || stride !== across) return 'it pools with a window that is no square';
  if (top !== 0 || left !== 0 || bottom !== right) return 'it pools with padding';
  // Padding at the end alone, one less than the stride, keeps the last window, as rounding up does.
  if (bottom !== 0 && bottom !== stride - 1) return 'it pools with padding';
  const up = bottom !== 0 || numberOf(node, 'ceil_mode', 0) === 1;
  return { kind: 'pool', size, stride, rounding: up ? 'ceil' : 'floor' };
}

function transpose(records: Map<string, TensorRecord>, name: string): void {
  const record = records.get(name);
  if (record?.shape.length === 2 && record.strides === undefined) records.set(name, permuted(record, [1, 0]));
}
