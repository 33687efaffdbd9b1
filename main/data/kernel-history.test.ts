import { join } from 'node:path';
import { expect, it } from 'vitest';
import { writeCheckpoint } from './checkpoint-file.ts';
import { listCheckpoints } from './checkpoint-reader.ts';
import { listKernelHistory, readKeptKernels } from './kernel-history.ts';
import { openCheckpointFile } from './open-database.ts';
import { temporaryFolder } from './test-files.ts';
import { validation } from './test-rows.ts';
import { seededTensors } from './test-tensors.ts';

it('keeps the first kernels of every epoch when its checkpoint is gone', async () => {
  const db = openCheckpointFile(join(temporaryFolder(), 'run.sqlite'));
  expect(listKernelHistory(db)).toEqual([]);
  expect(readKeptKernels(db, 1)).toBeUndefined();
  const write = (step: number, epochEnds: boolean, seed = step) =>
    writeCheckpoint(
      db,
      {
        step,
        epoch: step,
        reason: epochEnds ? 'epoch' : 'steering',
        state: '{}',
        best: false,
        records: [],
        createdAt: step,
        ...(epochEnds ? { validation: validation(step) } : {}),
      },
      seededTensors(seed),
      { keepLast: 1, storedUpTo: 0 },
    );
  for (const step of [1, 2, 3]) await write(step, step !== 2);
  expect(listCheckpoints(db).map(({ step }) => step)).toEqual([3]);
  expect(listKernelHistory(db)).toEqual([
    { step: 1, epoch: 1 },
    { step: 3, epoch: 3 },
  ]);
  const kept = readKeptKernels(db, 1);
  expect(kept?.shape).toEqual([4, 3, 5, 5]);
  expect(Buffer.from(kept?.bytes ?? [])).toEqual(Buffer.from(seededTensors(1).read('conv1.weight', 0, 300)));
  // A run that was resumed from an earlier step comes by again.
  await write(3, true, 7);
  expect(listKernelHistory(db)).toHaveLength(2);
  expect(Buffer.from(readKeptKernels(db, 3)?.bytes ?? [])).toEqual(
    Buffer.from(seededTensors(7).read('conv1.weight', 0, 300)),
  );
  db.close();
});
