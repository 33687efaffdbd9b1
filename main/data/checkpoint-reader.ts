// Reading a run's checkpoints.
import { createHash, type Hash } from 'node:crypto';
import { AppError } from '../api/errors.ts';
import { parseJson, type Schema } from '../api/json.ts';
import { type TensorInfo, tensorShapeSchema } from '../api/net-description.ts';
import { finiteOrNull } from '../api/numbers.ts';
import type { Checkpoint } from '../api/runs.ts';
import {
  storedTrainingRecordsSchema,
  storedValidationRecordSchema,
  type TrainingRecord,
} from '../api/training.ts';
import type { ReadableDatabase } from './database.ts';
import { bytesPerValue, type TensorSource, valueCount } from './tensor-source.ts';

interface CheckpointRow {
  id: number;
  step: number;
  epoch: number;
  reason: string;
  best: number;
  validation: string | null;
  size_bytes: number;
  created_at: number;
}

const columns = 'id, step, epoch, reason, best, validation, size_bytes, created_at';

/** Work on the file, its damage told as this run's. */
function guarded<T>(db: ReadableDatabase, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'CORRUPT_DATABASE') throw error;
    throw new AppError(
      'CORRUPT_CHECKPOINT',
      `${db.path} is damaged: ${error.message}; train again, or restore the file`,
      error.details,
      { cause: error },
    );
  }
}

function parsed<T>(db: ReadableDatabase, schema: Schema<T>, text: string, what: string): T {
  return parseJson(schema, text, `${db.path}: ${what}`, 'CORRUPT_CHECKPOINT');
}

function toCheckpoint(db: ReadableDatabase, row: CheckpointRow): Checkpoint {
  const validation =
    row.validation === null
      ? undefined
      : parsed(db, storedValidationRecordSchema, row.validation, `the validation of checkpoint ${row.id}`);
  return {
    id: row.id,
    step: row.step,
    epoch: row.epoch,
    best: row.best === 1,
    reason: row.reason,
    top1Error: validation?.top1Error ?? null,
    loss: finiteOrNull(validation?.loss ?? null),
    sizeBytes: row.size_bytes,
    createdAt: row.created_at,
  };
}

/** Complete ones, oldest first. */
export function listCheckpoints(db: ReadableDatabase): Checkpoint[] {
  return guarded(db, () =>
    db
      .all<CheckpointRow>(
        'checkpoints.list',
        `SELECT ${columns} FROM checkpoints WHERE complete = 1 ORDER BY step, id`,
      )
      .map((row) => toCheckpoint(db, row)),
  );
}

/** The newest, the best, or the newest of a step; undefined where there is none. */
export function findCheckpoint(
  db: ReadableDatabase,
  which: 'last' | 'best' | number,
): Checkpoint | undefined {
  const conditions = { last: 'id > 0', best: 'best = 1', step: 'step = @step' };
  const condition = conditions[typeof which === 'number' ? 'step' : which];
  return guarded(db, () => {
    const row = db.get<CheckpointRow>(
      'checkpoints.find',
      `SELECT ${columns} FROM checkpoints WHERE complete = 1 AND ${condition} ORDER BY step DESC, id DESC LIMIT 1`,
      typeof which === 'number' ? { step: which } : [],
    );
    return row && toCheckpoint(db, row);
  });
}

/** The engine's JSON for loadState(). Throws NOT_FOUND. */
export function readCheckpointState(db: ReadableDatabase, checkpointId: number): string {
  return guarded(db, () => {
    const row = db.get<{ state: string }>(
      'checkpoints.state',
      'SELECT state FROM checkpoints WHERE id = ? AND complete = 1',
      [checkpointId],
    );
    if (row === undefined) throw notFound(db, checkpointId);
    return row.state;
  });
}

function isThere(db: ReadableDatabase, checkpointId: number): boolean {
  const sql = 'SELECT 1 FROM checkpoints WHERE id = ? AND complete = 1';
  return guarded(db, () => db.get('checkpoints.isThere', sql, [checkpointId]) !== undefined);
}

function notFound(db: ReadableDatabase, checkpointId: number): AppError {
  return new AppError('NOT_FOUND', `${db.path} has no checkpoint ${checkpointId} any more`, { checkpointId });
}

/**
 * What training told up to the newest checkpoint, in order, as far as the file still keeps it: see
 * writeCheckpoint(). Losses that are not finite come back as NaN.
 */
export function listRecords(db: ReadableDatabase): TrainingRecord[] {
  return guarded(db, () =>
    db
      .all<{ id: number; payload: string }>(
        'records.list',
        'SELECT checkpoint_id AS id, payload FROM records ORDER BY checkpoint_id',
      )
      .flatMap(({ id, payload }) =>
        parsed(db, storedTrainingRecordsSchema, payload, `the records of checkpoint ${id}`),
      ),
  );
}

interface StoredTensor extends TensorInfo {
  id: number;
  sha256: string;
}

interface Chunk {
  tensorId: number;
  start: number;
  bytes: Uint8Array;
}

/**
 * A checkpoint's tensors. A tensor that is read from its first value to its last in order is checked against
 * its hash with the last piece. Throws CORRUPT_CHECKPOINT naming the tensor, or NOT_FOUND where the run that
 * trains has removed the checkpoint meanwhile; what was handed out before then is not to be used.
 */
class CheckpointTensors implements TensorSource {
  readonly #db: ReadableDatabase;
  readonly #checkpointId: number;
  readonly #tensors: Map<string, StoredTensor>;
  #chunk: Chunk | undefined;
  #running: { name: string; next: number; hash: Hash } | undefined;

  constructor(db: ReadableDatabase, checkpointId: number, tensors: StoredTensor[]) {
    this.#db = db;
    this.#checkpointId = checkpointId;
    this.#tensors = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  }

  get tensors(): TensorInfo[] {
    return [...this.#tensors.values()].map(({ name, shape }) => ({ name, shape }));
  }

  read(name: string, offset: number, count: number): Uint8Array {
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) {
      throw new AppError('NOT_FOUND', `${this.#db.path}: the checkpoint has no tensor ${name}`, {
        tensor: name,
      });
    }
    if (offset < 0 || count < 0 || offset + count > valueCount(tensor.shape)) {
      throw new AppError('INVALID_ARGUMENT', `tensor ${name} has no values ${offset}..${offset + count}`);
    }
    if (count === 0) return new Uint8Array();
    const bytes = guarded(this.#db, () => this.#bytes(tensor, offset, count));
    this.#verify(tensor, offset, count, bytes);
    return bytes;
  }

  #bytes(tensor: StoredTensor, offset: number, count: number): Uint8Array {
    const first = this.#chunkAt(tensor, offset);
    const chunkEnd = first.start + first.bytes.byteLength / bytesPerValue;
    const begin = (offset - first.start) * bytesPerValue;
    if (offset + count <= chunkEnd) return first.bytes.subarray(begin, begin + count * bytesPerValue);

    const all = new Uint8Array(count * bytesPerValue);
    let position = offset;
    while (position < offset + count) {
      const chunk = this.#chunkAt(tensor, position);
      const from = (position - chunk.start) * bytesPerValue;
      const wanted = (offset + count - position) * bytesPerValue;
      const part = chunk.bytes.subarray(from, from + wanted);
      all.set(part, (position - offset) * bytesPerValue);
      position += part.byteLength / bytesPerValue;
    }
    return all;
  }

  #chunkAt(tensor: StoredTensor, position: number): Chunk {
    const cached = this.#chunk;
    if (cached?.tensorId === tensor.id && cached.start <= position && position < endOf(cached)) return cached;
    const chunk = this.#db.get<Chunk>(
      'chunks.at',
      `SELECT tensor_id AS tensorId, start, bytes FROM chunks
       WHERE tensor_id = ? AND start <= ? ORDER BY start DESC LIMIT 1`,
      [tensor.id, position],
    );
    if (chunk === undefined || position >= endOf(chunk))
      throw this.#corrupt(tensor, 'a part of it is missing');
    this.#chunk = chunk;
    return chunk;
  }

  #verify(tensor: StoredTensor, offset: number, count: number, bytes: Uint8Array): void {
    if (offset === 0) this.#running = { name: tensor.name, next: 0, hash: createHash('sha256') };
    const running = this.#running;
    if (running === undefined || running.name !== tensor.name || running.next !== offset) {
      this.#running = undefined;
      return;
    }
    running.hash.update(bytes);
    running.next += count;
    if (running.next < valueCount(tensor.shape)) return;
    this.#running = undefined;
    if (running.hash.digest('hex') !== tensor.sha256) throw this.#corrupt(tensor, 'its values have changed');
  }

  #corrupt(tensor: StoredTensor, what: string): AppError {
    if (!isThere(this.#db, this.#checkpointId)) return notFound(this.#db, this.#checkpointId);
    return new AppError(
      'CORRUPT_CHECKPOINT',
      `${this.#db.path}: tensor ${tensor.name} is damaged (${what}); use another checkpoint of the run`,
      { tensor: tensor.name },
    );
  }
}

function endOf(chunk: Chunk): number {
  return chunk.start + chunk.bytes.byteLength / bytesPerValue;
}

/** The tensors of a complete checkpoint. Throws NOT_FOUND, CORRUPT_CHECKPOINT. */
export function openCheckpointTensors(db: ReadableDatabase, checkpointId: number): TensorSource {
  const rows = guarded(db, () =>
    db.all<Omit<StoredTensor, 'shape'> & { shape: string }>(
      'tensors.list',
      'SELECT id, name, shape, sha256 FROM tensors WHERE checkpoint_id = ? ORDER BY id',
      [checkpointId],
    ),
  );
  // After the list, so that a checkpoint that is removed in between is not taken for one without tensors.
  if (!isThere(db, checkpointId)) throw notFound(db, checkpointId);
  return new CheckpointTensors(
    db,
    checkpointId,
    rows.map((row) => ({
      ...row,
      shape: parsed(db, tensorShapeSchema, row.shape, `the shape of ${row.name}`),
    })),
  );
}
