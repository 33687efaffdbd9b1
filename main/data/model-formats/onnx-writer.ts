// Writes a net as an ONNX model: operator set 13, any batch, fp32 weights streamed from their source.
import { AppError } from '../../api/errors.ts';
import type { NetDescription } from '../../api/net-description.ts';
import type { NetConfig } from '../../api/run-config.ts';
import { bytesPerValue, type TensorSource, tensorBytes, valueCount } from '../tensor-source.ts';
import { constantMessage, onnxNodes, valueNames } from './onnx-nodes.ts';
import { fieldHead, integerField, messageField, textField } from './protobuf-writer.ts';
import { writeInPieces } from './write-file.ts';

/** Runs in everything since ONNX 1.8 (2020). */
export const operatorSet = 13;
const irVersion = 7;
const float = 1;
/** What a message of protocol buffers may hold. */
const mostBytes = 2 ** 31 - 1;

export interface OnnxOptions {
  net: NetConfig;
  description: NetDescription;
  /** For people: how pixels become the input. */
  explanation: string;
  /** Text to text, kept as metadata_props. */
  metadata: Readonly<Record<string, string>>;
  /** Of the program that writes. */
  version: string;
}

/** ValueInfoProto of a tensor of floats whose first extent is any number of pictures. */
function valueInfo(name: string, extents: readonly number[]): Buffer {
  const dims = [
    messageField(1, textField(2, 'batch')),
    ...extents.map((extent) => messageField(1, integerField(1, extent))),
  ];
  const tensor = messageField(1, integerField(1, float), messageField(2, ...dims));
  return Buffer.concat([textField(1, name), messageField(2, tensor)]);
}

interface Part {
  sizeBytes: number;
  bytes: () => Iterable<Uint8Array>;
}

function fixed(...buffers: Buffer[]): Part {
  const bytes = Buffer.concat(buffers);
  return { sizeBytes: bytes.length, bytes: () => [bytes] };
}

/** An initializer of the graph, its values streamed. */
function weightParts(source: TensorSource, name: string, shape: readonly number[]): Part[] {
  const sizeBytes = valueCount(shape) * bytesPerValue;
  const head = Buffer.concat([
    ...shape.map((extent) => integerField(1, extent)),
    integerField(2, float),
    textField(8, name),
    fieldHead(9, sizeBytes),
  ]);
  return [
    fixed(fieldHead(5, head.length + sizeBytes), head),
    { sizeBytes, bytes: () => tensorBytes(source, name, shape) },
  ];
}

/** Returns the file's size. Rejects with INVALID_ARGUMENT for a net that ONNX cannot hold, DISK_FULL, IO. */
export async function writeOnnx(
  path: string,
  source: TensorSource,
  { net, description, explanation, metadata, version }: OnnxOptions,
): Promise<number> {
  const { nodes, constants } = onnxNodes(net, description);
  const { inputSize, classes } = description;
  const parts: Part[] = [
    fixed(...nodes.map((node) => messageField(1, node)), textField(2, 'alexnet')),
    ...source.tensors.flatMap(({ name, shape }) => weightParts(source, name, shape)),
    fixed(
      ...constants.map((constant) => messageField(5, constantMessage(constant))),
      textField(10, explanation),
      messageField(11, valueInfo(valueNames.input, [3, inputSize, inputSize])),
      messageField(12, valueInfo(valueNames.logits, [classes])),
      messageField(12, valueInfo(valueNames.probabilities, [classes])),
    ),
  ];
  const graphBytes = parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (graphBytes > mostBytes) {
    throw new AppError(
      'INVALID_ARGUMENT',
      'the net is larger than the 2 GB that an ONNX file may have; export safetensors',
    );
  }
  const head = fixed(
    integerField(1, irVersion),
    textField(2, 'AlexNet Studio'),
    textField(3, version),
    textField(6, explanation),
    fieldHead(7, graphBytes),
  );
  const tail = fixed(
    messageField(8, textField(1, ''), integerField(2, operatorSet)),
    ...Object.entries(metadata).map(([key, value]) =>
      messageField(14, textField(1, key), textField(2, value)),
    ),
  );
  return await writeInPieces(path, streamed([head, ...parts, tail]));
}

function* streamed(parts: readonly Part[]): Generator<Uint8Array> {
  for (const part of parts) yield* part.bytes();
}
