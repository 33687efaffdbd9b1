// Checkpoints and models as JSON files, for tests of the host: whole or not there, as main/data's are.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { AppError } from '../api/errors.ts';
import type { TensorInfo } from '../api/net-description.ts';
import type { CheckpointSaved } from '../api/training.ts';
import { valueCount } from './load-tensors.ts';
import type { CheckpointStore, HostStorage, NewCheckpoint, OpenModel, TensorSource } from './storage.ts';

/** A tensor's values as base64. */
interface FakeTensor extends TensorInfo {
  values: string;
}

export interface FakeCheckpoint extends NewCheckpoint {
  checkpointId: number;
  tensors: FakeTensor[];
}

export interface FakeStorageOptions {
  /** Each tensor takes this long to write. */
  writeMs?: number;
  /** The disk is full when this many checkpoints are there. */
  fullAfter?: number;
}

/** Every checkpoint of a file, oldest first. */
export function readFakeCheckpoints(file: string): FakeCheckpoint[] {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as FakeCheckpoint[]) : [];
}

export function encodeTensors(source: TensorSource): FakeTensor[] {
  return source.tensors.map((tensor) => {
    const bytes = source.read(tensor.name, 0, valueCount(tensor));
    return { ...tensor, values: Buffer.from(bytes).toString('base64') };
  });
}

function openTensors(tensors: FakeTensor[]): TensorSource {
  return {
    tensors: tensors.map(({ name, shape }) => ({ name, shape })),
    read(name, offset, count) {
      const bytes = Buffer.from(tensors.find((tensor) => tensor.name === name)?.values ?? '', 'base64');
      return Uint8Array.from(bytes.subarray(offset * 4, (offset + count) * 4));
    },
  };
}

function openCheckpoints(file: string, options: FakeStorageOptions): CheckpointStore {
  return {
    newest() {
      const found = readFakeCheckpoints(file).at(-1);
      return (
        found && {
          id: found.checkpointId,
          step: found.step,
          state: found.state,
          tensors: openTensors(found.tensors),
        }
      );
    },
    records: () => readFakeCheckpoints(file).flatMap((checkpoint) => checkpoint.records),
    async write(checkpoint, source): Promise<CheckpointSaved> {
      const tensors: FakeTensor[] = [];
      for (const tensor of source.tensors) {
        await pause(options.writeMs ?? 0);
        tensors.push(...encodeTensors({ tensors: [tensor], read: source.read.bind(source) }));
      }
      const stored = readFakeCheckpoints(file);
      if (stored.length >= (options.fullAfter ?? Number.POSITIVE_INFINITY)) {
        throw new AppError('DISK_FULL', `There is no room for ${file}.`, { path: file });
      }
      const checkpointId = (stored.at(-1)?.checkpointId ?? 0) + 1;
      writeFileSync(`${file}.new`, JSON.stringify([...stored, { ...checkpoint, checkpointId, tensors }]));
      renameSync(`${file}.new`, file);
      const { step, epoch, best, reason } = checkpoint;
      return { checkpointId, step, epoch, best, reason, sizeBytes: 0, elapsedMs: 0 };
    },
    close: () => {},
  };
}

function openModel(file: string): OpenModel {
  if (!existsSync(file)) throw new AppError('NOT_FOUND', `There is no model ${file}.`, { path: file });
  const tensors = JSON.parse(readFileSync(file, 'utf8')) as FakeTensor[];
  return { ...openTensors(tensors), close: () => {} };
}

export function createFakeStorage(options: FakeStorageOptions = {}): HostStorage {
  return {
    openCheckpoints: (file) => openCheckpoints(file, options),
    openModel: (source) => openModel(source.file),
  };
}
