// Table models: imported ones. A run's checkpoints are models too, but are found through the run.
import { AppError } from '../api/errors.ts';
import { objectSchema } from '../api/json.ts';
import { labelsSchema, type Model, type ModelCheck, modelPreprocessingSchema } from '../api/models.ts';
import { netSchema } from '../api/run-config.ts';
import type { ReadableDatabase, WritableDatabase } from './database.ts';
import { fromJson } from './json.ts';
import { isUniqueViolation } from './sqlite-error.ts';

type ModelRow = Omit<Model, 'net' | 'preprocessing' | 'labels' | 'source'> & {
  net: string;
  preprocessing: string;
  labels: string;
  source: string;
};

const columns = `id, name, file, format, preset, net, preprocessing, labels, parameters, size_bytes AS sizeBytes,
  source, created_at AS createdAt`;

function toModel(row: ModelRow): Model {
  return {
    ...row,
    net: fromJson(netSchema, row.net, 'models.net'),
    preprocessing: fromJson(modelPreprocessingSchema, row.preprocessing, 'models.preprocessing'),
    labels: fromJson(labelsSchema, row.labels, 'models.labels'),
    source: fromJson(objectSchema, row.source, 'models.source'),
  };
}

/** Throws NAME_TAKEN. */
export function insertModel(db: WritableDatabase, model: Model): void {
  try {
    db.insert(
      'models.insert',
      `INSERT INTO models (id, name, file, format, preset, net, preprocessing, labels, parameters, size_bytes, source,
         created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      [
        model.id,
        model.name,
        model.file,
        model.format,
        model.preset,
        JSON.stringify(model.net),
        JSON.stringify(model.preprocessing),
        JSON.stringify(model.labels),
        model.parameters,
        model.sizeBytes,
        JSON.stringify(model.source),
        model.createdAt,
      ],
    );
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw new AppError('NAME_TAKEN', `there is a model named ${model.name} already; choose another name`, {
      name: model.name,
    });
  }
}

/** By name, or by id where no model has that name. */
export function findModel(db: ReadableDatabase, nameOrId: string): Model | undefined {
  const row =
    db.get<ModelRow>('models.find', `SELECT ${columns} FROM models WHERE name = ?`, [nameOrId]) ??
    db.get<ModelRow>('models.get', `SELECT ${columns} FROM models WHERE id = ?`, [nameOrId]);
  return row && toModel(row);
}

/** By name. */
export function listModels(db: ReadableDatabase): Model[] {
  return db.all<ModelRow>('models.list', `SELECT ${columns} FROM models ORDER BY name`).map(toModel);
}

/** In place of the check before it. */
export function keepModelCheck(db: WritableDatabase, id: string, check: ModelCheck): void {
  db.change(
    'models.keepCheck',
    "UPDATE models SET source = json_set(source, '$.check', json(?)) WHERE id = ?",
    [JSON.stringify(check), id],
    `model ${id} does not exist any more`,
  );
}

/** Its evaluations go with it; its file is the caller's to remove. */
export function deleteModel(db: WritableDatabase, id: string): void {
  db.change('models.delete', 'DELETE FROM models WHERE id = ?', [id], `model ${id} does not exist any more`);
}
