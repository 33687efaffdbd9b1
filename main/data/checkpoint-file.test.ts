import { closeSync, existsSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { TrainingRecord } from '../api/training.ts';
import { type NewCheckpoint, pruneCheckpoints, writeCheckpoint } from './checkpoint-file.ts';
import {
  findCheckpoint,
  listCheckpoints,
  listRecords,
  openCheckpointTensors,
  readCheckpointState,
} from './checkpoint-reader.ts';
import type { ReadableDatabase, WritableDatabase } from './database.ts';
import { openCheckpointFile, openCheckpointReader } from './open-database.ts';
import { copyTensors, type TensorSource } from './tensor-source.ts';
import { refusal, rejection } from './test-errors.ts';
import { ended, lines, smallDisk, startScript, temporaryFolder } from './test-files.ts';
import { step, validation } from './test-rows.ts';
import { seededTensors, testTensors } from './test-tensors.ts';

function checkpoint(at: number, changes: Partial<NewCheckpoint> = {}): NewCheckpoint {
  const state = JSON.stringify({ step: at });
  return { step: at, epoch: at, reason: 'epoch', state, best: false, records: [], createdAt: at, ...changes };
}

/** Checkpoint `at`. `storedUpTo`: the checkpoint up to whose records all are stored elsewhere. */
async function write(
  db: WritableDatabase,
  at: number,
  changes: Partial<NewCheckpoint> = {},
  keepLast = 2,
  storedUpTo = 0,
) {
  return await writeCheckpoint(db, checkpoint(at, changes), seededTensors(at), { keepLast, storedUpTo });
}

/** Reads every tensor through, which checks the hashes, and compares with what was written. */
async function expectTensors(db: ReadableDatabase, id: number, seed: number): Promise<void> {
  const source = openCheckpointTensors(db, id);
  expect(source.tensors).toEqual(testTensors);
  const wanted = seededTensors(seed);
  let pieces = 0;
  await copyTensors(source, (name, offset, bytes) => {
    pieces++;
    expect(Buffer.compare(bytes, wanted.read(name, offset, bytes.byteLength / 4))).toBe(0);
  });
  expect(pieces).toBe(6);
}

function newFile(): { path: string; db: WritableDatabase } {
  const path = join(temporaryFolder(), 'run.sqlite');
  return { path, db: openCheckpointFile(path) };
}

const steps = (db: ReadableDatabase) => listCheckpoints(db).map((one) => one.step);

describe('writeCheckpoint', () => {
  it('stores tensors, state, validation and records', async () => {
    const { path, db } = newFile();
    const records: TrainingRecord[] = [step(1, { loss: Number.NaN }), step(2), validation(1)];
    const saved = await write(db, 10, { best: true, validation: validation(1), records });
    expect(saved).toMatchObject({ checkpointId: 1, step: 10, epoch: 10, best: true, reason: 'epoch' });
    expect(saved.sizeBytes).toBe((300 + 4 + 2 * 1_250_000) * 4);
    db.close();

    const reader = openCheckpointReader(path);
    expect(listCheckpoints(reader)).toEqual([
      {
        id: 1,
        step: 10,
        epoch: 10,
        best: true,
        reason: 'epoch',
        top1Error: 0.8,
        loss: 2,
        sizeBytes: saved.sizeBytes,
        createdAt: 10,
      },
    ]);
    expect(readCheckpointState(reader, 1)).toBe('{"step":10}');
    expect(listRecords(reader)).toEqual(records);
    await expectTensors(reader, 1, 10);
    reader.close();
  });

  it('keeps the best and the last ones', async () => {
    const { db } = newFile();
    for (const at of [1, 2, 3, 4, 5]) await write(db, at, { best: at === 1 || at === 2 });
    expect(steps(db)).toEqual([2, 4, 5]);
    expect(findCheckpoint(db, 'last')?.step).toBe(5);
    expect(findCheckpoint(db, 'best')?.step).toBe(2);
    expect(findCheckpoint(db, 4)?.id).toBe(4);
    expect(findCheckpoint(db, 3)).toBeUndefined();
    await expectTensors(db, 2, 2);
    await expectTensors(db, 5, 5);
    expect(await pruneCheckpoints(db, { keepLast: 1, storedUpTo: 0 })).toBe(1);
    expect(steps(db)).toEqual([2, 5]);
    expect(refusal(() => openCheckpointTensors(db, 4)).code).toBe('NOT_FOUND');
    expect(refusal(() => readCheckpointState(db, 4)).code).toBe('NOT_FOUND');
    db.close();
  });

  it('keeps records until they are stored elsewhere, longer than their checkpoints', async () => {
    const { db } = newFile();
    const recorded = () => listRecords(db).map((record) => record.step);
    for (const at of [1, 2, 3, 4, 5]) await write(db, at, { records: [step(at)] });
    expect(steps(db)).toEqual([4, 5]);
    expect(recorded()).toEqual([1, 2, 3, 4, 5]);
    await write(db, 6, { records: [step(6)] }, 2, 3);
    expect(recorded()).toEqual([4, 5, 6]);
    // Those of the last checkpoints stay: the database that took them may lose its last commits in a power cut.
    await write(db, 7, { records: [step(7)] }, 2, 6);
    expect(recorded()).toEqual([6, 7]);
    db.close();
  });

  it('uses the space of removed checkpoints again', async () => {
    const { path, db } = newFile();
    // Two are kept, and a third stands beside them while it is written.
    for (const at of [1, 2, 3]) await write(db, at);
    const { size } = statSync(path);
    for (const at of [4, 5, 6, 7]) await write(db, at);
    // Its indexes take pages of their own as ids rise: some, not a checkpoint's 153.
    expect(statSync(path).size).toBeLessThanOrEqual(size + 8 * 65_536);
    expect(size).toBeLessThan(3.2 * 10_001_216);
    db.close();
  });

  it('never holds the thread for more than a piece', async () => {
    const { db } = newFile();
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    await write(db, 1);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(2);
    db.close();
  });

  it('refuses a source that gives too little, and leaves nothing of it', async () => {
    const { db } = newFile();
    await write(db, 1, { best: true });
    const short: TensorSource = { tensors: testTensors, read: () => new Uint8Array(4) };
    const error = await rejection(
      writeCheckpoint(db, checkpoint(2, { best: true }), short, { keepLast: 2, storedUpTo: 0 }),
    );
    expect(error.message).toContain('conv1.weight');
    expect(steps(db)).toEqual([1]);
    expect(findCheckpoint(db, 'best')?.step).toBe(1);
    await write(db, 3);
    expect(steps(db)).toEqual([1, 3]);
    db.close();
  });

  it('lets a reader in between, which sees complete checkpoints only', async () => {
    const { path, db } = newFile();
    await write(db, 1);
    const writing = write(db, 2);
    await sleep(1);
    const reader = openCheckpointReader(path);
    const seen = steps(reader);
    expect([[1], [1, 2]]).toContainEqual(seen);
    await writing;
    expect(steps(reader)).toEqual([1, 2]);
    await expectTensors(reader, 1, 1);
    reader.close();
    db.close();
  });

  it('survives kill -9 at any moment with every checkpoint it told', async () => {
    const path = join(temporaryFolder(), 'run.sqlite');
    let inTransaction = 0;
    let reached = 0;
    for (let round = 0; round < 10; round++) {
      const child = startScript('test-checkpoint-child.ts', [path]);
      let told = 0;
      for await (const line of lines(child)) {
        // The first one told starts the clock; the moment of death is anywhere in the following checkpoints.
        if (told === 0) setTimeout(() => child.kill('SIGKILL'), Math.random() * 250);
        told = Number(line);
      }
      expect(await ended(child)).toBe('SIGKILL');
      if (existsSync(`${path}-journal`) && statSync(`${path}-journal`).size > 0) inTransaction++;

      const reader = openCheckpointReader(path);
      expect(reader.pragma('integrity_check')).toBe('ok');
      const incomplete = reader.all('incomplete', 'SELECT id FROM checkpoints WHERE complete = 0');
      const orphans = reader.all(
        'orphans',
        `SELECT id FROM tensors WHERE checkpoint_id NOT IN (SELECT id FROM checkpoints)
         UNION ALL SELECT id FROM chunks WHERE tensor_id NOT IN (SELECT id FROM tensors)`,
      );
      expect({ incomplete, orphans }).toEqual({ incomplete: [], orphans: [] });
      const kept = listCheckpoints(reader);
      const newest = kept.at(-1)?.step ?? 0;
      expect(newest).toBeGreaterThanOrEqual(told);
      expect(newest).toBeGreaterThan(reached);
      expect(kept.filter((one) => one.best)).toHaveLength(1);
      // Killed between a checkpoint and the removal of an older one, it has one more.
      expect(kept.length).toBeLessThanOrEqual(4);
      for (const one of kept) {
        expect(readCheckpointState(reader, one.id)).toBe(JSON.stringify({ step: one.step }));
        await expectTensors(reader, one.id, one.step);
      }
      reached = newest;
      reader.close();
    }
    // The child does nothing but write: of ten deaths some fall into a transaction.
    expect(inTransaction).toBeGreaterThan(0);
  });

  it('survives kill -9 while the file is made', async () => {
    for (let round = 0; round < 5; round++) {
      const path = join(temporaryFolder(), 'run.sqlite');
      const child = startScript('test-checkpoint-child.ts', [path]);
      while (!existsSync(path)) await sleep(1);
      await sleep(Math.random() * 20);
      child.kill('SIGKILL');
      await ended(child);
      const db = openCheckpointFile(path);
      for (const one of listCheckpoints(db)) await expectTensors(db, one.id, one.step);
      const next = (findCheckpoint(db, 'last')?.step ?? 0) + 1;
      await write(db, next);
      expect(findCheckpoint(db, 'last')?.step).toBe(next);
      db.close();
    }
  });

  it('says that the disk is full and keeps the checkpoints before', async ({ skip }) => {
    const disk = smallDisk(26_000_000);
    if (disk === undefined) return skip('mounting a small disk needs more rights than this process has');
    const path = join(disk, 'run.sqlite');
    const db = openCheckpointFile(path);
    await write(db, 1);
    await write(db, 2, { best: true });
    const error = await rejection(write(db, 3, { best: true }));
    expect(error.code).toBe('DISK_FULL');
    expect(steps(db)).toEqual([1, 2]);
    expect(findCheckpoint(db, 'best')?.step).toBe(2);
    await expectTensors(db, 1, 1);
    await expectTensors(db, 2, 2);
    expect(db.pragma('integrity_check')).toBe('ok');

    // Keeping fewer makes room.
    await pruneCheckpoints(db, { keepLast: 1, storedUpTo: 0 });
    await write(db, 4, {}, 1);
    expect(steps(db)).toEqual([2, 4]);
    db.close();
  });
});

describe('reading', () => {
  it('gives any range of a tensor, across chunks too', async () => {
    const { db } = newFile();
    await write(db, 1);
    const source = openCheckpointTensors(db, 1);
    const wanted = seededTensors(1);
    for (const [offset, count] of [
      [0, 1],
      [1_048_575, 2],
      [1_048_576, 10],
      [5, 1_200_000],
      [1_249_999, 1],
      [1_250_000, 0],
    ] as const) {
      const bytes = source.read('fc2.weight', offset, count);
      expect(Buffer.compare(bytes, wanted.read('fc2.weight', offset, count))).toBe(0);
    }
    expect(source.read('empty', 0, 0)).toHaveLength(0);
    expect(refusal(() => source.read('fc2.weight', 1_249_999, 2)).code).toBe('INVALID_ARGUMENT');
    expect(refusal(() => source.read('fc2.weight', -1, 2)).code).toBe('INVALID_ARGUMENT');
    expect(refusal(() => source.read('fc9.weight', 0, 1)).code).toBe('NOT_FOUND');
    db.close();
  });

  it.each([
    [
      'a changed value',
      'UPDATE chunks SET bytes = zeroblob(length(bytes)) WHERE start > 0 AND tensor_id = 3',
      'fc2.weight',
    ],
    ['a missing chunk', 'DELETE FROM chunks WHERE start > 0 AND tensor_id = 4', 'fc2.weight.velocity'],
    [
      'a chunk cut short',
      'UPDATE chunks SET bytes = substr(bytes, 1, 40) WHERE tensor_id = 1',
      'conv1.weight',
    ],
    ['another hash', "UPDATE tensors SET sha256 = 'x' WHERE name = 'conv1.bias'", 'conv1.bias'],
  ])('names the tensor with %s', async (_what, sql, tensor) => {
    const { db } = newFile();
    await write(db, 1);
    db.exec('damage', sql);
    const error = await rejection(copyTensors(openCheckpointTensors(db, 1), () => undefined));
    expect(error.code).toBe('CORRUPT_CHECKPOINT');
    expect(error.details).toEqual({ tensor });
    expect(error.message).toContain(tensor);
    db.close();
  });

  it('says so where a checkpoint is removed while it is read', async () => {
    const { path, db } = newFile();
    await write(db, 1);
    const reader = openCheckpointReader(path);
    const source = openCheckpointTensors(reader, 1);
    source.read('fc2.weight', 0, 10);
    await write(db, 2, {}, 1);
    const error = refusal(() => source.read('fc2.weight', 1_249_990, 10));
    expect(error).toMatchObject({ code: 'NOT_FOUND', details: { checkpointId: 1 } });
    expect(refusal(() => openCheckpointTensors(reader, 1)).code).toBe('NOT_FOUND');
    reader.close();
    db.close();
  });

  it('says that a file is damaged, wherever that is', async () => {
    const { path, db } = newFile();
    await write(db, 1);
    db.close();
    const { size } = statSync(path);
    const fd = openSync(path, 'r+');
    for (let at = 65_536; at < size; at += 65_536) writeSync(fd, Buffer.alloc(100, 0xee), 0, 100, at);
    closeSync(fd);
    const reader = openCheckpointReader(path);
    const work = async () => {
      listCheckpoints(reader);
      await copyTensors(openCheckpointTensors(reader, 1), () => undefined);
    };
    expect((await rejection(work())).code).toBe('CORRUPT_CHECKPOINT');
    reader.close();
  });

  it('refuses a file that is none', () => {
    const path = join(temporaryFolder(), 'run.sqlite');
    writeFileSync(path, 'no database at all'.repeat(1000));
    expect(refusal(() => openCheckpointReader(path)).code).toBe('CORRUPT_CHECKPOINT');
    expect(refusal(() => openCheckpointFile(path)).code).toBe('CORRUPT_CHECKPOINT');
  });
});
