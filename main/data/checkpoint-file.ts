// Writing a run's checkpoints (runs/<id>.sqlite). One transaction a checkpoint: a process killed at any moment
// leaves the file with the checkpoints it had.
import { createHash } from 'node:crypto';
import { setImmediate as giveWay } from 'node:timers/promises';
import { AppError } from '../api/errors.ts';
import type { TensorInfo } from '../api/net-description.ts';
import type { CheckpointReason, CheckpointSaved, TrainingRecord, ValidationRecord } from '../api/training.ts';
import type { WritableDatabase } from './database.ts';
import { keepKernels } from './kernel-history.ts';
import { bytesPerValue, pieces, type TensorSource, valueCount } from './tensor-source.ts';

export interface NewCheckpoint {
  step: number;
  epoch: number;
  reason: CheckpointReason;
  /** JSON of the engine: what a resume needs besides the tensors. */
  state: string;
  /** Lowest validation top-1 error so far: this becomes the best one. */
  best: boolean;
  validation?: ValidationRecord | undefined;
  /** What training told since the checkpoint before. */
  records: readonly TrainingRecord[];
  createdAt: number;
}

export interface PruneOptions {
  /** Checkpoints to keep besides the best. */
  keepLast: number;
  /** The id of the checkpoint up to which all records are stored elsewhere; 0: none are. */
  storedUpTo: number;
}

export interface WriteOptions extends PruneOptions {
  /** Told when a checkpoint is stored but older ones could not be removed; the next write tries again. */
  log?: (line: string) => void;
}

/**
 * Stores a checkpoint, then removes those that are neither the best nor among the last; their records stay until
 * they are stored elsewhere. The connection must not be used by anything else until it resolves. Rejects with DISK_FULL, BUSY, IO: the checkpoints that were there
 * are there still.
 */
export async function writeCheckpoint(
  db: WritableDatabase,
  checkpoint: NewCheckpoint,
  source: TensorSource,
  options: WriteOptions,
): Promise<CheckpointSaved> {
  const begin = performance.now();
  const { id, sizeBytes } = await db.transactionAsync(() => writeAll(db, checkpoint, source));
  try {
    await pruneCheckpoints(db, options);
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'INTERNAL') throw error;
    options.log?.(`older checkpoints are not removed yet: ${error.message}`);
  }
  return {
    checkpointId: id,
    step: checkpoint.step,
    epoch: checkpoint.epoch,
    best: checkpoint.best,
    reason: checkpoint.reason,
    sizeBytes,
    elapsedMs: performance.now() - begin,
  };
}

async function writeAll(
  db: WritableDatabase,
  checkpoint: NewCheckpoint,
  source: TensorSource,
): Promise<{ id: number; sizeBytes: number }> {
  if (checkpoint.best) db.run('checkpoints.best', 'UPDATE checkpoints SET best = 0 WHERE best = 1');
  const id = db.insert(
    'checkpoints.insert',
    `INSERT INTO checkpoints (step, epoch, reason, state, validation, best, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    [
      checkpoint.step,
      checkpoint.epoch,
      checkpoint.reason,
      checkpoint.state,
      checkpoint.validation === undefined ? null : JSON.stringify(checkpoint.validation),
      Number(checkpoint.best),
      checkpoint.createdAt,
    ],
  );
  db.insert('records.insert', 'INSERT INTO records (checkpoint_id, payload) VALUES (?, ?)', [
    id,
    JSON.stringify(checkpoint.records),
  ]);
  let sizeBytes = 0;
  if (checkpoint.validation !== undefined) keepKernels(db, checkpoint, source);
  for (const tensor of source.tensors) sizeBytes += await writeTensor(db, id, tensor, source);
  db.change(
    'checkpoints.complete',
    'UPDATE checkpoints SET complete = 1, size_bytes = ? WHERE id = ?',
    [sizeBytes, id],
    `checkpoint ${id} vanished while it was written`,
  );
  return { id, sizeBytes };
}

async function writeTensor(
  db: WritableDatabase,
  checkpointId: number,
  { name, shape }: TensorInfo,
  source: TensorSource,
): Promise<number> {
  const tensorId = db.insert(
    'tensors.insert',
    "INSERT INTO tensors (checkpoint_id, name, shape, sha256) VALUES (?, ?, ?, '')",
    [checkpointId, name, JSON.stringify(shape)],
  );
  const hash = createHash('sha256');
  const values = valueCount(shape);
  for (const [offset, count] of pieces(values)) {
    const bytes = source.read(name, offset, count);
    if (bytes.byteLength !== count * bytesPerValue) {
      throw new AppError(
        'INTERNAL',
        `tensor ${name} gave ${bytes.byteLength} bytes for ${count} values from ${offset} on`,
      );
    }
    hash.update(bytes);
    db.insert('chunks.insert', 'INSERT INTO chunks (tensor_id, start, bytes) VALUES (?, ?, ?)', [
      tensorId,
      offset,
      bytes,
    ]);
    await giveWay();
  }
  db.change(
    'tensors.hash',
    'UPDATE tensors SET sha256 = ? WHERE id = ?',
    [hash.digest('hex'), tensorId],
    `tensor ${name} vanished while it was written`,
  );
  return values * bytesPerValue;
}

const lastSql = 'SELECT id FROM checkpoints WHERE complete = 1 ORDER BY id DESC LIMIT ?';

/**
 * Removes checkpoints that are neither the best nor among the `keepLast` newest; returns how many. In a
 * transaction of its own, after the new one is safe: pages that were free when a transaction began are written
 * without a journal, so the next checkpoint takes these pages at full speed. The file therefore stays as large
 * as the checkpoints kept and one more; it is never vacuumed, which would write all of it again.
 *
 * Records that are stored elsewhere go, too. Those of the newest checkpoints stay even then: a power cut may
 * take the last commits of studio.sqlite back.
 */
export async function pruneCheckpoints(
  db: WritableDatabase,
  { keepLast, storedUpTo }: PruneOptions,
): Promise<number> {
  const last = Math.max(1, keepLast);
  const stale = db.all<{ id: number }>(
    'checkpoints.stale',
    `SELECT id FROM checkpoints WHERE best = 0 AND id NOT IN (${lastSql})`,
    [last],
  );
  if (stale.length === 0) return 0;
  await db.transactionAsync(async () => {
    for (const { id } of stale) await removeCheckpoint(db, id);
    db.run(
      'records.prune',
      `DELETE FROM records WHERE checkpoint_id <= ? AND checkpoint_id NOT IN (${lastSql})`,
      [storedUpTo, last],
    );
  });
  return stale.length;
}

/**
 * Removes every checkpoint but these and gives the space back to the system, for a run that does not train.
 * Rejects with BUSY, DISK_FULL (the file is written anew beside itself).
 */
export async function pruneToCheckpoints(db: WritableDatabase, kept: readonly number[]): Promise<void> {
  const all = db.all<{ id: number }>('checkpoints.ids', 'SELECT id FROM checkpoints');
  await db.transactionAsync(async () => {
    for (const { id } of all) if (!kept.includes(id)) await removeCheckpoint(db, id);
  });
  db.exec('checkpoints.vacuum', 'VACUUM');
}

/** Chunk by chunk, so that no single statement holds the thread while it frees half a gigabyte of pages. */
async function removeCheckpoint(db: WritableDatabase, id: number): Promise<void> {
  const chunks = db.all<{ id: number }>(
    'chunks.ofCheckpoint',
    'SELECT chunks.id FROM tensors JOIN chunks ON tensor_id = tensors.id WHERE checkpoint_id = ?',
    [id],
  );
  for (const chunk of chunks) {
    db.change('chunks.delete', 'DELETE FROM chunks WHERE id = ?', [chunk.id], `chunk ${chunk.id} vanished`);
    await giveWay();
  }
  db.change('checkpoints.delete', 'DELETE FROM checkpoints WHERE id = ?', [id], `checkpoint ${id} vanished`);
}
