// The first convolution's weights at the end of each epoch, kept in a run's checkpoint file when the checkpoints
// themselves are long gone: 140 KB an epoch for the paper's net.
import { type TensorInfo, tensorShapeSchema } from '../api/net-description.ts';
import type { ReadableDatabase, WritableDatabase } from './database.ts';
import { fromJson } from './json.ts';
import type { TensorSource } from './tensor-source.ts';
import { valueCount } from './tensor-source.ts';

/** Made where it is not there: files of older versions have no such table. */
export const kernelTableSql = `CREATE TABLE IF NOT EXISTS kernels (
  step INTEGER PRIMARY KEY,
  epoch INTEGER NOT NULL,
  name TEXT NOT NULL,                     -- the tensor's
  shape TEXT NOT NULL,                    -- JSON: [96,3,11,11]
  bytes BLOB NOT NULL                     -- little-endian fp32
) STRICT`;

/** More values than a picture can show are not kept. */
const mostValues = 1 << 20;

export function firstKernels(tensors: readonly TensorInfo[]): TensorInfo | undefined {
  return tensors.find(({ name, shape }) => name.endsWith('.weight') && shape.length === 4 && shape[1] === 3);
}

/** In the transaction that writes a checkpoint. A net whose first layer is no convolution keeps none. */
export function keepKernels(
  db: WritableDatabase,
  { step, epoch }: { step: number; epoch: number },
  source: TensorSource,
): void {
  const tensor = firstKernels(source.tensors);
  if (tensor === undefined || valueCount(tensor.shape) > mostValues) return;
  db.exec('kernels.table', kernelTableSql);
  db.run(
    'kernels.keep',
    'INSERT OR REPLACE INTO kernels (step, epoch, name, shape, bytes) VALUES (?, ?, ?, ?, ?)',
    [
      step,
      epoch,
      tensor.name,
      JSON.stringify(tensor.shape),
      source.read(tensor.name, 0, valueCount(tensor.shape)),
    ],
  );
}

function hasTable(db: ReadableDatabase): boolean {
  const sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'kernels'";
  return db.get('kernels.isThere', sql) !== undefined;
}

/** By step. */
export function listKernelHistory(db: ReadableDatabase): { step: number; epoch: number }[] {
  if (!hasTable(db)) return [];
  return db.all('kernels.list', 'SELECT step, epoch FROM kernels ORDER BY step');
}

export interface KeptKernels {
  /** [kernels, 3, size, size]. */
  shape: number[];
  /** Little-endian fp32. */
  bytes: Uint8Array;
}

export function readKeptKernels(db: ReadableDatabase, step: number): KeptKernels | undefined {
  if (!hasTable(db)) return undefined;
  const row = db.get<{ shape: string; bytes: Uint8Array }>(
    'kernels.get',
    'SELECT shape, bytes FROM kernels WHERE step = ?',
    [step],
  );
  return row && { shape: fromJson(tensorShapeSchema, row.shape, 'kernels.shape'), bytes: row.bytes };
}
