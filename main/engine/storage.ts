// What the engine host needs of files that main/data reads and writes. `engine` does not know `data`:
// host-entry.ts joins the two.
import type { TensorInfo } from '../api/net-description.ts';
import type { CheckpointReason, CheckpointSaved, TrainingRecord, ValidationRecord } from '../api/training.ts';
import type { ModelSource } from './protocol.ts';

/** Named fp32 tensors that are read in pieces: a snapshot, a checkpoint, a model's file. */
export interface TensorSource {
  readonly tensors: readonly TensorInfo[];
  /** Little-endian fp32 bytes of `count` values from value `offset` on; at most 16 MB. */
  read(tensor: string, offset: number, count: number): Uint8Array;
}

export interface OpenModel extends TensorSource {
  close(): void;
}

export interface NewCheckpoint {
  step: number;
  epoch: number;
  /** Lowest validation top-1 error so far. */
  best: boolean;
  reason: CheckpointReason;
  /** The trainer's state, JSON. */
  state: string;
  /** At the end of an epoch. */
  validation?: ValidationRecord;
  /** What was told since the previous checkpoint. */
  records: readonly TrainingRecord[];
}

/** One run's checkpoint file. */
export interface CheckpointStore {
  /** The newest complete checkpoint. */
  newest(): { id: number; step: number; state: string; tensors: TensorSource } | undefined;
  /** Records told up to the newest checkpoint, in order: all those that the parent may not have stored. */
  records(): TrainingRecord[];
  /** Stores a checkpoint, giving way to the event loop, and drops those that need not be kept; records stay until
   * the parent has stored them, which it has up to the checkpoint with the id `storedUpTo`. Whatever goes wrong
   * (DISK_FULL, IO), the checkpoints that were there are there still. */
  write(checkpoint: NewCheckpoint, source: TensorSource, storedUpTo: number): Promise<CheckpointSaved>;
  close(): void;
}

export interface HostStorage {
  /** Creates the file where it does not exist. `keepLast`: checkpoints to keep besides the best. */
  openCheckpoints(file: string, keepLast: number): CheckpointStore;
  openModel(source: ModelSource): OpenModel;
}
