// Models: weights from and to safetensors files, with everything that is needed to use them.
import { readFileSync, rmSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { nameSchema } from '../api/datasets.ts';
import { AppError } from '../api/errors.ts';
import type { Model, ModelPreprocessing } from '../api/models.ts';
import type { NetDescription } from '../api/net-description.ts';
import { parseWith } from '../api/parse.ts';
import type { NetConfig } from '../api/run-config.ts';
import { openCheckpointTensors } from '../data/checkpoint-reader.ts';
import { type DataDirectory, fromFileSystem, modelFile } from '../data/data-directory.ts';
import type { WritableDatabase } from '../data/database.ts';
import { newId } from '../data/ids.ts';
import { matchTensors, netTensors } from '../data/model-layout.ts';
import { deleteModel, findModel, insertModel, listModels } from '../data/models.ts';
import { openCheckpointReader } from '../data/open-database.ts';
import { SafetensorsFile } from '../data/model-formats/safetensors.ts';
import { writeSafetensors } from '../data/model-formats/safetensors-writer.ts';
import type { TensorSource } from '../data/tensor-source.ts';
import type { Addon } from '../engine/addon.ts';
import type { ClassNames } from './class-names.ts';
import { modelMeanImageFile, relativeMeanImage, writeMeanImage } from './mean-image.ts';
import { fromMetadata, type ModelDescription, toMetadata } from './model-metadata.ts';
import { fitNet } from './model-net.ts';
import { describePreprocessing, type ScaleOptions } from './model-preprocessing.ts';
import type { ModelResolver, ResolvedModel } from './model-resolver.ts';
import { describeNet } from './net-description.ts';
import { checkOutputPlace } from './output-place.ts';
import { defaultPreset, type Presets } from './presets.ts';

export interface ImportRequest extends ScaleOptions {
  file: string;
  name: string;
  /** The net's form; default: what the file says of itself, else the default preset. */
  preset?: string;
  /** A file of class names, one a line in class order. */
  labels?: string;
}

export interface ExportRequest {
  model: string;
  format: 'safetensors' | 'onnx';
  out: string;
}

export interface ModelServiceParts {
  db: WritableDatabase;
  directory: DataDirectory;
  presets: Presets;
  resolver: ModelResolver;
  classNames: ClassNames;
  addon: () => Addon;
  /** Ms UTC. */
  now: () => number;
}

export class ModelService {
  readonly #parts: ModelServiceParts;

  constructor(parts: ModelServiceParts) {
    this.#parts = parts;
  }

  list(): Model[] {
    return listModels(this.#parts.db);
  }

  /**
   * Copies a file's weights, under the names every part uses. Throws INVALID_MODEL with every misfit, layer by
   * layer, INVALID_LABELS, NAME_TAKEN, INVALID_NAME, NOT_FOUND, INVALID_CONFIG for an unknown preset.
   */
  async importFile(request: ImportRequest): Promise<Model> {
    const { db, directory, now } = this.#parts;
    const name = parseWith(
      nameSchema,
      request.name,
      `the name ${JSON.stringify(request.name)}`,
      'INVALID_NAME',
    );
    if (findModel(db, name) !== undefined) {
      throw new AppError('NAME_TAKEN', `there is a model named ${name} already; choose another name`, {
        name,
      });
    }
    const id = newId();
    const path = modelFile(directory, id);
    const meanPath = modelMeanImageFile(directory, id);
    const file = new SafetensorsFile(resolve(request.file));
    try {
      const { model, meanImage, description } = this.#describe(request, file);
      const names = matchTensors(description, file.tensors, request.file);
      const metadata = toMetadata({ model, meanImage });
      const sizeBytes = await writeSafetensors(path, renamed(file, names), {
        metadata,
        names: [...names.keys()],
      });
      const preprocessing: ModelPreprocessing =
        meanImage === undefined
          ? model.preprocessing
          : { ...model.preprocessing, meanImageFile: relativeMeanImage('models', meanPath) };
      if (meanImage !== undefined) writeMeanImage(meanPath, meanImage);
      const imported: Model = {
        id,
        name,
        file: relative(directory.root, path),
        format: 'safetensors',
        preset: model.preset,
        net: model.net,
        preprocessing,
        labels: model.labels,
        parameters: description.parameters,
        sizeBytes,
        source: { file: resolve(request.file), ...model.origin },
        createdAt: now(),
      };
      insertModel(db, imported);
      return imported;
    } catch (error) {
      for (const written of [path, meanPath]) rmSync(written, { force: true });
      throw error;
    } finally {
      file.close();
    }
  }

  /** Throws NOT_FOUND, INVALID_ARGUMENT for a format that is not written, DISK_FULL, IO, CANCELLED. */
  async exportFile(
    request: ExportRequest,
    signal?: AbortSignal,
  ): Promise<{ tensors: number; sizeBytes: number }> {
    if (request.format === 'onnx') {
      throw new AppError(
        'INVALID_ARGUMENT',
        'this version writes safetensors only; give --format safetensors',
        { format: request.format },
      );
    }
    checkOutputPlace(request.out, 'the export');
    return await this.#parts.resolver.withModel(request.model, (model) =>
      this.#export(model, request.out, signal),
    );
  }

  async #export(
    model: ResolvedModel,
    out: string,
    signal: AbortSignal | undefined,
  ): Promise<{ tensors: number; sizeBytes: number }> {
    const tensors = netTensors(describeNet(this.#parts.addon(), model.net)).map(({ name }) => name);
    const { source, close } = openSource(model);
    try {
      const metadata = toMetadata(toDescription(model));
      const path = resolve(out);
      const sizeBytes = await writeSafetensors(path, stoppable(source, signal), { metadata, names: tensors });
      return { tensors: tensors.length, sizeBytes };
    } finally {
      close();
    }
  }

  /** Throws NOT_FOUND. */
  remove(name: string): void {
    const { db, directory } = this.#parts;
    const model = findModel(db, name);
    if (model === undefined) {
      throw new AppError(
        'NOT_FOUND',
        `there is no imported model ${name}; a run is deleted with runs delete`,
        { name },
      );
    }
    deleteModel(db, model.id);
    rmSync(join(directory.root, model.file), { force: true });
    rmSync(modelMeanImageFile(directory, model.id), { force: true });
  }

  /** What the file says of itself, or what the request and its tensors make of it. */
  #describe(
    request: ImportRequest,
    file: SafetensorsFile,
  ): ModelDescription & { description: NetDescription } {
    const own = request.preset === undefined ? fromMetadata(file.metadata, request.file) : undefined;
    const preset = own?.model.preset ?? request.preset ?? defaultPreset;
    const net = own?.model.net ?? fitNet(this.#parts.presets.load(preset).config.net, file.tensors);
    const description = this.#fitting(net, request.file);
    const { preprocessing, meanImage } = describePreprocessing(request, preset, net.inputSize, own);
    const labels =
      request.labels === undefined
        ? (own?.model.labels ?? this.#defaultLabels(net.classes))
        : readLabels(request.labels, net.classes);
    const origin = { importedFrom: basename(request.file), ...own?.model.origin };
    return { model: { version: 1, preset, net, preprocessing, labels, origin }, meanImage, description };
  }

  /** Widths that no net of this form can have are the file's fault. */
  #fitting(net: NetConfig, file: string): NetDescription {
    try {
      return describeNet(this.#parts.addon(), net);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new AppError('INVALID_MODEL', `${file} does not fit the preset's net: ${reason}`, { path: file });
    }
  }

  #defaultLabels(classes: number): string[] {
    if (classes === 1000) return this.#parts.classNames.imagenet();
    return Array.from({ length: classes }, (_, label) => `class ${label}`);
  }
}

function readLabels(path: string, classes: number): string[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw fromFileSystem(error, path, 'reading the labels');
  }
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  while (lines.at(-1) === '') lines.pop();
  if (lines.length !== classes) {
    throw new AppError(
      'INVALID_LABELS',
      `labels file ${path} has ${lines.length} lines, but the net has ${classes} classes`,
      { path },
    );
  }
  return lines;
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

/** The same tensors by other names: `names` has the file's name for each of ours. */
function renamed(source: TensorSource, names: ReadonlyMap<string, string>): TensorSource {
  const shapes = new Map(source.tensors.map(({ name, shape }) => [name, shape]));
  return {
    tensors: [...names].map(([ours, theirs]) => ({ name: ours, shape: shapes.get(theirs) ?? [] })),
    read: (name, offset, count) => source.read(names.get(name) ?? name, offset, count),
  };
}

function stoppable(source: TensorSource, signal: AbortSignal | undefined): TensorSource {
  return {
    tensors: source.tensors,
    read(name, offset, count) {
      if (signal?.aborted) throw new AppError('CANCELLED', 'the export was stopped; nothing was written');
      return source.read(name, offset, count);
    },
  };
}
