// What every format's reader gives: tensors by their names in the file, and the net as far as the file describes it.
import type { TensorInfo } from '../../api/net-description.ts';
import type { ByteSource } from './byte-source.ts';
import { checkRecord, RecordedTensors, type TensorRecord } from './tensor-records.ts';

export type ModelFormat = 'safetensors' | 'pytorch' | 'pytorch-legacy' | 'caffe' | 'onnx';

/** One operation of a net that is a chain, with the numbers that its file gives. */
export type ChainOperation =
  | {
      kind: 'conv';
      name: string;
      /** Names of tensors. */
      weight: string;
      bias: string;
      stride: number;
      /** Top, left, bottom, right. */
      padding: [number, number, number, number];
      groups: number;
    }
  | { kind: 'fc'; name: string; weight: string; bias: string }
  | { kind: 'activation'; function: 'relu' | 'tanh' | 'sigmoid' }
  /** b = a / (k + alpha / size * sum a^2)^beta over neighbouring maps of all columns. */
  | { kind: 'lrn'; size: number; alpha: number; beta: number; k: number }
  | { kind: 'pool'; size: number; stride: number; rounding: 'floor' | 'ceil' }
  | { kind: 'dropout'; share: number };

export interface ModelFile {
  readonly path: string;
  readonly format: ModelFormat;
  /** As the file calls itself, or what wrote it; may be empty. */
  readonly title: string;
  readonly records: readonly TensorRecord[];
  readonly tensors: readonly TensorInfo[];
  /** Text that the file carries besides. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Where the file describes the net. */
  readonly chain: readonly ChainOperation[] | undefined;
  /** Why the file describes a net that is no chain of these operations. */
  readonly chainProblem: string | undefined;
  /** Pixels a side of the picture, where the file says so. */
  readonly inputSize: number | undefined;
  close(): void;
}

interface Content {
  format: ModelFormat;
  title: string;
  records: readonly TensorRecord[];
  metadata?: Readonly<Record<string, string>>;
  chain?: readonly ChainOperation[];
  chainProblem?: string;
  inputSize?: number;
}

export const formatNames: Readonly<Record<ModelFormat, string>> = {
  safetensors: 'a safetensors file',
  pytorch: 'a PyTorch file',
  'pytorch-legacy': 'a PyTorch file',
  caffe: 'a Caffe model',
  onnx: 'an ONNX model',
};

/** Checks every record. Throws INVALID_MODEL. */
export function modelFile(
  source: ByteSource,
  content: Content,
  others: readonly ByteSource[] = [],
): ModelFile {
  for (const record of content.records) checkRecord(record, formatNames[content.format]);
  return {
    path: source.path,
    format: content.format,
    title: content.title,
    records: content.records,
    tensors: new RecordedTensors(source.path, content.records).tensors,
    metadata: content.metadata ?? {},
    chain: content.chain,
    chainProblem: content.chainProblem,
    inputSize: content.inputSize,
    close() {
      for (const one of [source, ...others]) one.close();
    },
  };
}
