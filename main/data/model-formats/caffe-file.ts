// Caffe's models (.caffemodel: a NetParameter with its weights) and mean files (.binaryproto: a BlobProto).
import { type ByteSource, invalidModel } from './byte-source.ts';
import { type CaffeLayer, layerFields, readBlob, readLayer, v1LayerFields } from './caffe-layers.ts';
import { type ChainOperation, type ModelFile, modelFile } from './model-file.ts';
import { ProtobufReader } from './protobuf-reader.ts';
import { checkRecord, RecordedTensors, type TensorRecord } from './tensor-records.ts';

const what = 'a Caffe model';
const mostLayers = 1000;

/** NetParameter: its name, and its layers in either form. */
const nameField = 1;
const v1LayersField = 2;
const layerField = 100;

/** Throws INVALID_MODEL. */
export function readCaffeModel(source: ByteSource): ModelFile {
  const reader = new ProtobufReader(source, what);
  const layers: CaffeLayer[] = [];
  let title = '';
  for (const field of reader.fields(0, source.size)) {
    if (field.number === nameField) title = reader.text(field);
    else if (field.number === layerField) layers.push(readLayer(reader, field, layerFields));
    else if (field.number === v1LayersField) layers.push(readLayer(reader, field, v1LayerFields));
    if (layers.length > mostLayers) throw reader.refuse('it has too many layers');
  }
  const records = layers.flatMap(({ blobs }) => blobs);
  if (records.length === 0) throw reader.refuse('it holds no weights');
  const names = new Set<string>();
  for (const { name } of records) {
    if (names.has(name))
      throw reader.refuse(`it has two layers with the tensor ${JSON.stringify(name.slice(0, 80))}`);
    names.add(name);
  }
  const { chain, problem } = toChain(layers);
  return modelFile(source, {
    format: 'caffe',
    title,
    records: records.map(squeezed),
    ...(problem === undefined ? { chain } : { chainProblem: problem }),
  });
}

/** The old form pads shapes with ones in front: a bias is [1, 1, 1, n], a product's weight [1, 1, out, in]. */
function squeezed(record: TensorRecord): TensorRecord {
  const { shape } = record;
  if (shape.length !== 4 || shape[0] !== 1 || shape[1] !== 1) return record;
  return { ...record, shape: shape[2] === 1 ? shape.slice(3) : shape.slice(2) };
}

/** The layers between the picture and the logits, one after the other. */
function toChain(layers: readonly CaffeLayer[]): { chain: ChainOperation[]; problem: string | undefined } {
  const chain: ChainOperation[] = [];
  let problem: string | undefined;
  let before = '';
  for (const layer of layers) {
    if (layer.kind === 'aside') continue;
    const [bottom = ''] = layer.bottoms;
    if (before !== '' && bottom !== before && layer.bottoms.length > 0) {
      problem ??= `layer ${layer.name} reads ${bottom}, not the layer before it`;
    }
    before = layer.tops[0] ?? before;
    const operation = toOperation(layer);
    if (typeof operation === 'string') problem ??= operation;
    else chain.push(operation);
  }
  return { chain, problem };
}

function toOperation({ name, kind, type, numbers, blobs }: CaffeLayer): ChainOperation | string {
  const number = (key: string, otherwise: number) => numbers.get(key) ?? otherwise;
  const tensors = { weight: blobs[0]?.name ?? '', bias: blobs[1]?.name ?? '' };
  switch (kind) {
    case 'conv': {
      const pad = number('pad', 0);
      const [top, left] = [number('pad_h', pad), number('pad_w', pad)];
      const stride = number('stride', 1);
      if (number('dilation', 1) !== 1) return `layer ${name} is dilated`;
      if (number('stride_h', stride) !== number('stride_w', stride)) return `layer ${name} has two strides`;
      return {
        kind,
        name,
        ...tensors,
        stride: number('stride_h', stride),
        padding: [top, left, top, left],
        groups: number('group', 1),
      };
    }
    case 'fc':
      if (number('transpose', 0) !== 0) return `layer ${name} keeps its weights transposed`;
      return { kind, name, ...tensors };
    case 'relu':
      if (number('negative_slope', 0) !== 0) return `layer ${name} is a leaky ReLU`;
      return { kind: 'activation', function: 'relu' };
    case 'tanh':
    case 'sigmoid':
      return { kind: 'activation', function: kind };
    case 'lrn':
      if (number('norm_region', 0) !== 0) return `layer ${name} normalises within maps`;
      return {
        kind,
        size: number('local_size', 5),
        alpha: number('alpha', 1),
        beta: number('beta', 0.75),
        k: number('k', 1),
      };
    case 'pool':
      if (number('pool', 0) !== 0) return `layer ${name} takes averages`;
      if (number('pad', 0) !== 0) return `layer ${name} pools with padding`;
      return {
        kind,
        size: number('kernel_h', number('kernel_size', 1)),
        stride: number('stride_h', number('stride', 1)),
        rounding: 'ceil', // as Caffe always does
      };
    case 'dropout':
      return { kind, share: number('dropout_ratio', 0.5) };
    default:
      return `layer ${name} is of the kind ${type}`;
  }
}

const side = 256;
const channels = 3;

/**
 * A mean image: 256*256*3 little-endian floats, RGB, HWC, from Caffe's BGR, CHW. Throws INVALID_MODEL, NOT_FOUND, IO.
 */
export function readCaffeMean(source: ByteSource): Uint8Array {
  const reader = new ProtobufReader(source, 'a mean file of Caffe');
  const field = { number: 0, value: 0, position: 0, sizeBytes: source.size, kind: 'bytes' } as const;
  const record = readBlob(reader, field, 'mean');
  checkRecord(record, 'a mean file of Caffe');
  const extents = record.shape.slice(-3);
  if (
    record.shape.slice(0, -3).some((one) => one !== 1) ||
    extents.join() !== [channels, side, side].join()
  ) {
    throw invalidModel(
      source.path,
      'a mean file of Caffe',
      `its shape is [${record.shape}], not [3, 256, 256]`,
    );
  }
  const pixels = side * side;
  const bytes = new RecordedTensors(source.path, [record]).read('mean', 0, channels * pixels);
  const planes = new Float32Array(Uint8Array.from(bytes).buffer);
  const image = new Float32Array(channels * pixels);
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < channels; channel++) {
      image[pixel * channels + channel] = planes[(channels - 1 - channel) * pixels + pixel] ?? 0;
    }
  }
  return new Uint8Array(image.buffer);
}
