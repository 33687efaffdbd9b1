// Writes a model for other programs: its weights with everything that is needed to use them.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { AppError } from '../api/errors.ts';
import type { ModelPreprocessing } from '../api/models.ts';
import type { NetDescription } from '../api/net-description.ts';
import type { ExportFormat } from '../api/operations/models.ts';
import { openCheckpointTensors } from '../data/checkpoint-reader.ts';
import { fromFileSystem } from '../data/data-directory.ts';
import { writeOnnx } from '../data/model-formats/onnx-writer.ts';
import { writePytorch } from '../data/model-formats/pytorch-writer.ts';
import { SafetensorsFile } from '../data/model-formats/safetensors.ts';
import { writeSafetensors } from '../data/model-formats/safetensors-writer.ts';
import { writeInPieces } from '../data/model-formats/write-file.ts';
import { netTensors } from '../data/model-layout.ts';
import { openCheckpointReader } from '../data/open-database.ts';
import type { TensorSource } from '../data/tensor-source.ts';
import type { Addon } from '../engine/addon.ts';
import { type ModelDescription, toMetadata } from './model-metadata.ts';
import type { ResolvedModel } from './model-resolver.ts';
import { describeNet } from './net-description.ts';

export interface ExportRequest {
  model: string;
  format: ExportFormat;
  out: string;
}

export interface Exported {
  tensors: number;
  sizeBytes: number;
}

export interface ExportParts {
  addon: Addon;
  /** Of this program. */
  version: string;
}

/** Throws INVALID_ARGUMENT for what the format cannot hold, DISK_FULL, IO, CANCELLED. */
export async function exportModel(
  { addon, version }: ExportParts,
  model: ResolvedModel,
  { format, out }: ExportRequest,
  signal?: AbortSignal,
): Promise<Exported> {
  const description = describeNet(addon, model.net);
  const path = resolve(out);
  const described = toDescription(model);
  if (format === 'labels')
    return { tensors: 0, sizeBytes: await writeInPieces(path, [labelsJson(described)]) };
  const metadata = toMetadata(described);
  const { source, close } = openSource(model);
  try {
    const weights = { ...stoppable(source, signal, 'the export'), tensors: netTensors(description) };
    const names = weights.tensors.map(({ name }) => name);
    const write = {
      safetensors: () => writeSafetensors(path, weights, { metadata, names }),
      pytorch: () => writePytorch(path, weights, { metadata, names: pytorchNames(model, description) }),
      onnx: () =>
        writeOnnx(path, weights, {
          net: model.net,
          description,
          version,
          explanation: explain(model.preprocessing),
          metadata: {
            ...metadata,
            labels: JSON.stringify(model.labels),
            preprocessing: explain(model.preprocessing),
          },
        }),
    }[format];
    return { tensors: names.length, sizeBytes: await write() };
  } finally {
    close();
  }
}

/** What the numbers of ModelPreprocessing mean, for people. */
function explain({ cropSize, mean, meanRgb, meanFollowsCrop, gain }: ModelPreprocessing): string {
  const subtracted =
    mean === 'none'
      ? 'pixel'
      : mean === 'rgb'
        ? `(pixel - [${meanRgb?.join(', ')}])`
        : `(pixel - mean image${meanFollowsCrop ? ', cropped like the photo' : ', its centre'})`;
  return (
    `RGB, 0..255: the shorter side to 256 pixels (anti-aliased), the central 256 x 256, of it the central ` +
    `${cropSize} x ${cropSize}; input = ${subtracted} * [${gain.join(', ')}]; channels, rows, columns.`
  );
}

function labelsJson({ model }: ModelDescription): Buffer {
  const { labels, preset, preprocessing } = model;
  return Buffer.from(`${JSON.stringify({ labels, preset, preprocessing }, null, 2)}\n`);
}

/** The modules of torchvision's alexnet that have weights. */
const torchvisionModules = [
  ...[0, 3, 6, 8, 10].map((number) => `features.${number}`),
  ...[1, 4, 6].map((number) => `classifier.${number}`),
];

/** torchvision's names where it has the same net, so that its load_state_dict takes them; otherwise our own. */
function pytorchNames({ preset }: ResolvedModel, { layers, columns }: NetDescription): [string, string][] {
  const theirs = preset === 'owt-2014' && columns === 1 && layers.length === torchvisionModules.length;
  return layers.flatMap(({ name }, i) =>
    ['weight', 'bias'].map((kind): [string, string] => [
      `${theirs ? torchvisionModules[i] : name}.${kind}`,
      `${name}.${kind}`,
    ]),
  );
}

function toDescription(model: ResolvedModel): ModelDescription {
  const { meanImageFile, ...preprocessing } = model.preprocessing;
  const origin = {
    model: model.title,
    ...(model.runId === null ? {} : { run: model.runId }),
    ...(model.checkpointStep === null ? {} : { step: model.checkpointStep }),
  };
  return {
    model: { version: 1, preset: model.preset, net: model.net, preprocessing, labels: model.labels, origin },
    meanImage: meanImageFile === undefined ? undefined : readMeanImage(meanImageFile),
  };
}

function readMeanImage(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw fromFileSystem(error, path, 'reading the mean image');
  }
}

function openSource({ source }: ResolvedModel): { source: TensorSource; close: () => void } {
  if (source.kind === 'safetensors') {
    const file = new SafetensorsFile(source.file);
    return { source: file, close: () => file.close() };
  }
  const db = openCheckpointReader(source.file);
  try {
    return { source: openCheckpointTensors(db, source.checkpointId), close: () => db.close() };
  } catch (error) {
    db.close();
    throw error;
  }
}

/** `what`: e.g. "the export". */
export function stoppable(source: TensorSource, signal: AbortSignal | undefined, what: string): TensorSource {
  return {
    tensors: source.tensors,
    read(name, offset, count) {
      if (signal?.aborted) throw new AppError('CANCELLED', `${what} was stopped; nothing was written`);
      return source.read(name, offset, count);
    },
  };
}
