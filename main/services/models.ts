// Models: weights from and to safetensors files, with everything that is needed to use them.
import { rmSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { nameSchema } from '../api/datasets.ts';
import { AppError } from '../api/errors.ts';
import type { ImportCorrections, Model, ModelPreprocessing, Recognition } from '../api/models.ts';
import { parseWith } from '../api/parse.ts';
import { type DataDirectory, modelFile } from '../data/data-directory.ts';
import type { WritableDatabase } from '../data/database.ts';
import { newId } from '../data/ids.ts';
import { openModelFile } from '../data/model-formats/open-model-file.ts';
import { writeSafetensors } from '../data/model-formats/safetensors-writer.ts';
import { netTensors } from '../data/model-layout.ts';
import { deleteModel, findModel, insertModel, listModels } from '../data/models.ts';
import type { Addon } from '../engine/addon.ts';
import type { ClassNames } from './class-names.ts';
import { removeOrphanIndexes } from './index-files.ts';
import { modelMeanImageFile, relativeMeanImage, writeMeanImage } from './mean-image.ts';
import { type Exported, type ExportRequest, exportModel, stoppable } from './model-export.ts';
import { finiteTensors } from './model-import/finite-tensors.ts';
import { ModelRecogniser } from './model-import/recogniser.ts';
import { toMetadata } from './model-metadata.ts';
import type { ModelResolver } from './model-resolver.ts';
import { checkOutputPlace } from './output-place.ts';
import type { Presets } from './presets.ts';

export interface ImportRequest extends ImportCorrections {
  file: string;
  name: string;
}

export interface ModelServiceParts {
  db: WritableDatabase;
  directory: DataDirectory;
  presets: Presets;
  resolver: ModelResolver;
  classNames: ClassNames;
  addon: () => Addon;
  /** Of this program, for what it writes. */
  version: string;
  /** Ms UTC. */
  now: () => number;
}

export class ModelService {
  readonly #parts: ModelServiceParts;
  readonly #recogniser: ModelRecogniser;

  constructor(parts: ModelServiceParts) {
    this.#parts = parts;
    this.#recogniser = new ModelRecogniser(parts);
  }

  /** What a file of weights is taken for; nothing is imported. Throws as recognise() does. */
  inspect(file: string, corrections: ImportCorrections): Recognition {
    const opened = openModelFile(resolve(file));
    try {
      return this.#recogniser.recognise(opened, corrections).recognition;
    } finally {
      opened.close();
    }
  }

  list(): Model[] {
    return listModels(this.#parts.db);
  }

  /**
   * Copies a file's weights, under the names every part uses. Throws INVALID_MODEL with every misfit, layer by
   * layer, or with the first value that is no finite number, INVALID_LABELS, NAME_TAKEN, INVALID_NAME, NOT_FOUND,
   * INVALID_CONFIG for an unknown preset.
   */
  async importFile(request: ImportRequest, signal?: AbortSignal): Promise<Model> {
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
    const file = openModelFile(resolve(request.file));
    try {
      const { recognition, description, net, tensors } = this.#recogniser.recognise(file, request);
      refuseMisfits(recognition, request.file);
      const { model, meanImage } = description;
      const names = netTensors(net).map((tensor) => tensor.name);
      const metadata = toMetadata(description);
      const sizeBytes = await writeSafetensors(
        path,
        finiteTensors(stoppable(tensors, signal, 'the import'), request.file),
        {
          metadata,
          names,
        },
      );
      const preprocessing: ModelPreprocessing =
        meanImage === undefined
          ? model.preprocessing
          : { ...model.preprocessing, meanImageFile: relativeMeanImage('models', meanPath) };
      if (meanImage !== undefined) writeMeanImage(meanPath, meanImage);
      const imported: Model = {
        id,
        name,
        file: relative(directory.root, path),
        format: recognition.format,
        preset: model.preset,
        net: model.net,
        preprocessing,
        labels: model.labels,
        parameters: net.parameters,
        sizeBytes,
        source: {
          file: resolve(request.file),
          format: recognition.format,
          kind: recognition.kind,
          ...model.origin,
          ...(recognition.claim === null ? {} : { claim: recognition.claim }),
        },
        createdAt: now(),
      };
      await db.whenFree(() => insertModel(db, imported));
      return imported;
    } catch (error) {
      for (const written of [path, meanPath]) rmSync(written, { force: true });
      throw error;
    } finally {
      file.close();
    }
  }

  /** Throws NOT_FOUND, INVALID_ARGUMENT for what a format cannot hold, DISK_FULL, IO, CANCELLED. */
  async exportFile(request: ExportRequest, signal?: AbortSignal): Promise<Exported> {
    checkOutputPlace(request.out, 'the export');
    const { resolver, addon, version } = this.#parts;
    return await resolver.withModel(request.model, (model) =>
      exportModel({ addon: addon(), version }, model, request, signal),
    );
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
    // As with runs: the row goes when its files are gone.
    db.transaction(() => {
      deleteModel(db, model.id);
      rmSync(join(directory.root, model.file), { force: true });
      rmSync(modelMeanImageFile(directory, model.id), { force: true });
    });
    removeOrphanIndexes(db, directory);
  }
}

/** Throws INVALID_MODEL whose message and details { misfits } list every misfit, layer by layer. */
function refuseMisfits({ tensors, preset }: Recognition, file: string): void {
  const misfits = tensors
    .filter(({ problem }) => problem !== '')
    .map(({ tensor, problem: reason }) => ({ tensor, reason }));
  if (misfits.length === 0) return;
  const lines = misfits.slice(0, 40).map(({ tensor, reason }) => `${tensor} ${reason}`);
  if (misfits.length > lines.length) lines.push(`and ${misfits.length - lines.length} more`);
  throw new AppError('INVALID_MODEL', `${file} does not fit the net ${preset}: ${lines.join('; ')}`, {
    misfits,
  });
}
